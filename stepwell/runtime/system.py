"""The whole local system: what is started, in which order, and how it ends."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

import asyncpg

from shared import clock
from shared.settings import SERVICES
from stepwell.runtime import clock_file, environment, jars, roles
from stepwell.runtime.environment import External
from stepwell.runtime.forking import Forks
from stepwell.runtime.kafka import PRINCIPALS, Kafka
from stepwell.runtime.mail import MailFolder, ReturnPath
from stepwell.runtime.migrations import migrate_all
from stepwell.runtime.passwords import Secrets
from stepwell.runtime.ports import Ports, require_free
from stepwell.runtime.postgres import Postgres
from stepwell.runtime.problem import Problem
from stepwell.runtime.processes import Processes
from stepwell.runtime.services import (
    await_services,
    start_portal,
    start_services,
    start_streams,
)
from stepwell.runtime.sinks import Sinks
from stepwell.runtime.state import State, write_private
from stepwell.runtime.steps import Steps
from stepwell.runtime.texting import TextProvider
from stepwell.runtime.topics import Broker, create_topics, topics_stamp
from stepwell.runtime.unprivileged import database_user, reachable_folder
from stepwell.runtime.zipkin import Zipkin


class System:
    """Started by `start`, ended by `stop`; `environment` describes it to other commands."""

    def __init__(
        self, state: State, ports: Ports, external: External, forks: Forks | None = None
    ) -> None:
        self.state = state
        self.ports = ports
        self.external = external
        self.processes = Processes(state.processes, state.logs, forks)
        self._pool = ThreadPoolExecutor(4)
        self._parts: list[Future[None]] = []
        secrets = Secrets(state.secrets)
        data = reachable_folder(state.postgres, database_user()) / "PG_VERSION"
        password = secrets.of_data("postgres", data)
        self._postgres = Postgres(state.postgres, ports.postgres, password, self.processes)
        self._roles = secrets.get(*roles.ROLE_NAMES)
        self._kafka_passwords = _named(secrets, "kafka", PRINCIPALS)
        self._kafka = Kafka(
            state.kafka, ports.kafka, ports.kafka_controller, self._kafka_passwords, self.processes
        )
        traced = environment.traces() == "zipkin"
        self.zipkin = Zipkin(ports.zipkin, self.processes) if traced else None
        clients = _named(secrets, "client", SERVICES)
        returns = self._return_path(secrets)
        self._sinks = Sinks(
            issuer_port=ports.issuer,
            smtp_port=ports.smtp,
            key_file=state.issuer_key,
            mail=state.mail,
            return_path=returns,
            texting=self._texting(secrets, returns),
            texting_port=ports.texting,
            clients=clients,
            subscribers=state.subscribers,
            portal_url=environment.portal_url(ports),
            sites_url=f"http://127.0.0.1:{ports.services['scheduling']}/sites",
        )
        self.environment = environment.assemble(
            ports=ports,
            database_urls=external.databases or self._urls(roles.app),
            owner_urls=external.owners if external.databases else self._urls(roles.owner),
            kafka=external.kafka
            or environment.local_kafka(self._kafka.bootstrap_servers, self._kafka_passwords),
            client_secrets=clients,
            clock=state.clock,
            zipkin_endpoint=self.zipkin.endpoint if self.zipkin else None,
            channels=state.channels,
        )

    def _urls(self, role: Callable[[str], str]) -> Mapping[str, str]:
        return {s: self._postgres.url(role(s), self._roles[role(s)], s) for s in SERVICES}

    def _return_path(self, secrets: Secrets) -> ReturnPath:
        """Where mail to nobody comes back to."""
        key = base64.b64encode(secrets.get("texting")["texting"].encode()).decode()
        return ReturnPath(f"{self._notifications}/webhooks/mail/bounces", f"whsec_{key}")

    @property
    def _notifications(self) -> str:
        return f"http://127.0.0.1:{self.ports.services['notifications']}"

    def _texting(self, secrets: Secrets, returns: ReturnPath) -> TextProvider:
        """The provider of text messages, and the file that tells the services of it."""
        token = secrets.get("texting")["texting"]
        url = self._notifications
        account = {
            "name": "local",
            "base_url": f"http://127.0.0.1:{self.ports.texting}",
            "account": "local",
            "token": token,
            "sender": "+13035550199",
            "per_second": 1_000,
        }
        bounces = {"return_path": "returned@example.test", "secret": returns.secret}
        known = {"public_url": url, "sms": [account], "voice": [account], "bounces": bounces}
        write_private(self.state.channels, json.dumps(known, indent=2))
        return TextProvider(
            account="local",
            token=token,
            now=partial(clock.read, self.state.clock),
            replies_to=f"{url}/webhooks/local/replies",
            mail=MailFolder(self.state.mail),
        )

    def start(self, steps: Steps) -> None:
        """Start every part, side by side where they do not need one another; for the trace viewer,
        which nobody needs at first, see `await_viewer`.

        Raises:
            Problem: a part did not start; others may run or still be starting, so `stop` is due.
        """
        require_free(self.needed_ports())
        clock_file.create(self.state.clock)
        zipkin = self._begin(self._start_zipkin, steps)
        kafka = self._begin(self._start_kafka, steps)
        self._await(self._begin(self._start_databases, steps), self._begin(self._sinks.start))
        environment.save(self.state, self.environment)
        if not self._topics_known():
            self._await(kafka)
        services = start_services(self.processes, self.environment, self.ports)
        portal = self._begin(self._start_portal, steps)
        self._await(kafka)
        start_streams(self.processes, self.environment)
        await_services(self.processes, services, self.ports, steps)
        self.state.kafka.mkdir(exist_ok=True)
        self.state.topics.write_text(topics_stamp(self._broker, self._prefix))
        self._await(zipkin, portal)

    def await_viewer(self, steps: Steps) -> None:
        """Wait for the trace viewer, which starts in the time that all others leave.

        Raises:
            Problem: it ended, or did not answer in time.
        """
        if self.zipkin:
            with steps.step("Trace viewer"):
                self.zipkin.wait()

    def stop(self) -> None:
        """Stop everything in order: services, then what they use. Safe to call at any time."""
        self.processes.stop_all()
        self._pool.shutdown(cancel_futures=True)
        self._sinks.stop()
        self.state.environment.unlink(missing_ok=True)

    def _begin(self, start: Callable[..., None], *arguments: Steps) -> "Future[None]":
        part = self._pool.submit(start, *arguments)
        self._parts.append(part)
        return part

    def _await(self, *wanted: "Future[None]") -> None:
        """Wait until all wanted parts are there, or any part failed.

        Short waits, so that a signal gets through.
        """
        pending = set(wanted)
        while pending:
            pending = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED).not_done
            for part in self._parts:
                if part.done():
                    part.result()

    def _topics_known(self) -> bool:
        """Whether an earlier start made the very topics of today: services may start at once. The
        file that says so lies with our broker's data, and goes with them."""
        try:
            return self.state.topics.read_text() == topics_stamp(self._broker, self._prefix)
        except OSError:
            return False

    @property
    def _broker(self) -> Broker:
        return environment.broker(self.environment)

    @property
    def _prefix(self) -> str:
        return self.environment.get("KAFKA_TOPIC_PREFIX", "")

    def needed_ports(self) -> dict[str, int]:
        """The port of each part that is started here, by what people call the part."""
        needed = dict(self.ports.services)
        needed |= {
            "the mail folder": self.ports.smtp,
            "text messages": self.ports.texting,
            "the token issuer": self.ports.issuer,
            "the portal": self.ports.portal,
        }
        if not self.external.kafka:
            needed |= {
                "Kafka": self.ports.kafka,
                "Kafka's controller": self.ports.kafka_controller,
            }
        if not self.external.databases:
            needed["PostgreSQL"] = self.ports.postgres
        if self.zipkin:
            needed["the trace viewer"] = self.zipkin.port
        return needed

    def _start_databases(self, steps: Steps) -> None:
        if self.external.databases:
            with steps.step("Migrations"):
                migrate_all(self.external.owners)
            return
        with steps.step("PostgreSQL"):
            self._postgres.start()
        with steps.step("Migrations"):
            try:
                asyncio.run(self._create_databases())
            except asyncpg.InvalidPasswordError:
                raise Problem(
                    f"The data was made with other passwords than those in {self.state.secrets}: "
                    "restore that file, or delete all data with `make reset`."
                ) from None
            migrate_all(self._urls(roles.owner))

    async def _create_databases(self) -> None:
        admin = self._postgres.url()
        await roles.create_roles(admin, self._roles)
        await asyncio.gather(*(roles.create_database(admin, service) for service in SERVICES))

    def _start_kafka(self, steps: Steps) -> None:
        if not self.external.kafka:
            jars.kafka().ensure(steps.download, lambda: self.processes.stopping)
            with steps.step("Kafka"):
                self._kafka.start()
        if self.external.kafka or not self._topics_known():
            with steps.step("Topics"):
                create_topics(self._broker, self._prefix, replication=self.external.replication)

    def _start_portal(self, steps: Steps) -> None:
        start_portal(self.processes, self.environment, self.ports.portal, steps)

    def _start_zipkin(self, steps: Steps) -> None:
        if self.zipkin:
            jars.zipkin().ensure(steps.download, lambda: self.processes.stopping)
            self.zipkin.start()


def _named(secrets: Secrets, kind: str, names: tuple[str, ...]) -> dict[str, str]:
    known = secrets.get(*(f"{kind}:{name}" for name in names))
    return {name: known[f"{kind}:{name}"] for name in names}
