"""`stepwell up`: start the whole system, tell its story, keep it running until asked to stop."""

from stepwell.runtime.forking import Forks


def command() -> None:
    """Start the whole system on this machine, tell its story, and keep it running.

    Ctrl-C or SIGTERM stops everything. A process that dies is started again; three deaths of one in
    a minute stop everything with exit code 1.

    Environment: STEPWELL_PORT_BASE (8000), STEPWELL_TRACE_PORT (9411), STEPWELL_STATE,
    STEPWELL_CACHE, STEPWELL_STORY=off, TRACES=zipkin|otlp|off, and DATABASE_URL_<SERVICE>,
    DATABASE_OWNER_URL_<SERVICE>, KAFKA_BOOTSTRAP_SERVERS and KAFKA_REPLICATION for servers of your
    own.
    """
    with Forks() as forks:
        # That process imports what the services need while this one imports the rest of itself.
        from stepwell.runtime.starting import run

        run(forks)
