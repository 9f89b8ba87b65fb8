"""The real PostgreSQL and the real Kafka for tests and benchmarks, in a folder that is thrown away.

They start once a run; each test gets databases and topics of its own.
"""

import asyncio
import fcntl
import itertools
import os
import secrets
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from shared.settings import SERVICES
from stepwell.runtime.kafka import PRINCIPALS, Kafka
from stepwell.runtime.migrations import migrate
from stepwell.runtime.pids import stop_leftovers
from stepwell.runtime.ports import Ports, is_free
from stepwell.runtime.postgres import Postgres
from stepwell.runtime.processes import Processes
from stepwell.runtime.roles import (
    ROLE_NAMES,
    app,
    copy_database,
    create_database,
    create_roles,
    owner,
)
from stepwell.runtime.topics import Broker, create_topics
from stepwell.runtime.unprivileged import database_user, reachable_folder, throw_away


class PortBlock:
    """Ports of 127.0.0.1 that belong to this process for as long as it lives.

    A port that is only looked up, to be bound later, may be somebody else's by then: the system
    gives it to any outgoing connection, and another test process may find it free as well. So
    these lie below the range of outgoing connections, and the lock on a file keeps a block of them
    for one process: its first ports one by one, the others for whole systems. What a killed holder
    left at work is ended, its data are deleted, and a block with a port that somebody else listens
    on is passed over.
    """

    BLOCKS = range(10_000, 32_000, 1_000)
    SINGLE = 200
    SYSTEM = 160
    """From one base to the next: more than `HIGHEST_OFFSET`, and a share of what is left."""

    def __init__(self) -> None:
        for first in self.BLOCKS:
            name = Path(tempfile.gettempdir()) / f"stepwell-ports-{os.getuid()}-{first}"
            lock = name.with_suffix(".lock").open("w")
            ports = range(first, first + self.BLOCKS.step)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            self.processes = name / "processes.json"
            """The processes of the holder, for who comes after it."""
            self.data = reachable_folder(name / "postgres", database_user())
            stop_leftovers(self.processes)
            throw_away(self.data)
            throw_away(name)
            if not all(map(is_free, ports)):
                lock.close()
                continue
            name.mkdir()
            name.chmod(0o755)
            self._lock = lock
            self._turns = itertools.cycle(ports[: self.SINGLE])
            self._bases = itertools.cycle(ports[self.SINGLE :: self.SYSTEM])
            return
        raise RuntimeError("all blocks of ports are taken: end other test runs and start again")

    def take(self, count: int) -> list[int]:
        """The next ports of the block that nobody listens on."""
        free = (port for port in itertools.islice(self._turns, self.SINGLE) if is_free(port))
        taken = list(itertools.islice(free, count))
        if len(taken) < count:
            raise RuntimeError("too few free ports: end other test runs and start again")
        return taken

    def base(self) -> int:
        """The next base of a whole system, see `Ports`, none of whose ports is taken."""
        for base in itertools.islice(self._bases, (self.BLOCKS.step - self.SINGLE) // self.SYSTEM):
            if all(map(is_free, Ports(base).all)):
                return base
        raise RuntimeError("no free ports for a whole system: stop the others and start again")


def bound(port: int) -> socket.socket:
    """A socket on a port of 127.0.0.1 that does not listen yet; OSError if the port is taken."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
    except OSError:
        made.close()
        raise
    return made


@cache
def _ports() -> PortBlock:
    return PortBlock()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on and that nobody else is given."""
    return _ports().take(count)


def free_base() -> int:
    """A base for `Ports` such that nobody else is given a port that follows from it."""
    return _ports().base()


@dataclass
class Stack:
    """Both servers, and how to get a database or a set of topics of one's own."""

    postgres: Postgres
    kafka: Kafka
    processes: Processes
    folder: Path
    passwords: dict[str, str]
    kafka_passwords: dict[str, str]
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    def start(cls, folder: Path) -> "Stack":
        """Start both servers at once and make a migrated template database for each service."""
        folder.chmod(0o755)
        block = _ports()
        postgres_port, kafka_port, controller_port = block.take(3)
        processes = Processes(block.processes, folder / "logs")
        kafka_passwords = {name: secrets.token_urlsafe(12) for name in PRINCIPALS}
        postgres = Postgres(block.data, postgres_port, secrets.token_urlsafe(12), processes)
        kafka = Kafka(folder / "kafka", kafka_port, controller_port, kafka_passwords, processes)
        passwords = {role: secrets.token_urlsafe(12) for role in ROLE_NAMES}
        stack = cls(postgres, kafka, processes, folder, passwords, kafka_passwords)
        try:
            with ThreadPoolExecutor(2) as pool:
                started = pool.submit(kafka.start)
                postgres.start()
                asyncio.run(stack._make_templates())
                started.result()
        except BaseException:
            processes.stop_all()
            raise
        return stack

    async def _make_templates(self) -> None:
        await create_roles(self.postgres.url(), self.passwords)

        async def template(service: str) -> None:
            name = f"{service}_template"
            await create_database(self.postgres.url(), service, name)
            await asyncio.to_thread(migrate, service, self.url(name, owner(service)))

        for service in SERVICES:
            await template(service)

    def stop(self) -> None:
        """End both servers and throw the databases away, so that they need not be put in order."""
        self.postgres.abandon()
        self.processes.kill_all()
        throw_away(self.postgres.data)

    def url(self, database: str, role: str) -> str:
        """The connection string of a role for a database."""
        return self.postgres.url(role, self.passwords[role], database)

    async def database(self, service: str) -> str:
        """A new, migrated, empty database of a service; the URL for its application role."""
        name = f"{service}_{os.getpid()}_{next(self._numbers)}"
        await copy_database(self.postgres.url(), service, f"{service}_template", name)
        return self.url(name, app(service))

    async def topics(self) -> str:
        """New topics and access lists; the prefix of their names."""
        prefix = f"t{os.getpid()}-{next(self._numbers)}."
        await asyncio.to_thread(create_topics, self.broker, prefix)
        return prefix

    @property
    def broker(self) -> Broker:
        """The broker, as the platform that may do everything."""
        return Broker(
            self.kafka.bootstrap_servers,
            "SASL_PLAINTEXT",
            "platform",
            self.kafka_passwords["platform"],
        )
