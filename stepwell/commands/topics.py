"""`stepwell topics`: create topics and access lists, here or on a broker of your own."""

import os
from typing import Annotated

import typer

from shared.contracts.topics import TOPICS
from stepwell.runtime import environment
from stepwell.runtime.topics import create_topics


def command(
    prefix: Annotated[
        str | None, typer.Option(help="Starts every name; KAFKA_TOPIC_PREFIX when absent.")
    ] = None,
    replication: Annotated[
        int | None,
        typer.Option(min=1, help="Copies of each partition; KAFKA_REPLICATION when absent."),
    ] = None,
) -> None:
    """Create the topics that are missing and who may use them. Doing it again does no harm.

    Reads KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL, KAFKA_USERNAME_PLATFORM and
    KAFKA_PASSWORD_PLATFORM; without the first, the running system's broker is meant.
    """
    known = (
        dict(os.environ)
        if os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
        else environment.load_running()
    )
    start = prefix if prefix is not None else known.get("KAFKA_TOPIC_PREFIX", "")
    broker = environment.broker(known)
    copies = replication or environment.replication(known)
    created = create_topics(broker, start, replication=copies)
    typer.echo(
        f"{created} of {len(TOPICS)} topics were new on {broker.bootstrap_servers}; "
        "access lists are in place."
    )
