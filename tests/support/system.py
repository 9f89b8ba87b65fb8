"""Services of a test: real HTTP and tokens, databases and topics of their own, a test clock."""

import asyncio
import contextlib
import importlib
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import uvicorn

from shared import clock
from shared.service import KEEP_ALIVE_SECONDS, Service, build
from shared.settings import SERVICES, Settings
from stepwell.runtime.disposable import Stack, bound, free_ports
from stepwell.runtime.issuer import application as issuer_application
from stepwell.runtime.keys import Issuer
from stepwell.runtime.login import Portal
from stepwell.runtime.roles import owner


class Databases(dict[str, str]):
    """The URL of each service's database, which is made when it is first asked for."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def __missing__(self, service: str) -> str:
        self[service] = _now(self._stack.database(service))
        return self[service]


def _now(work: Coroutine[Any, Any, str]) -> str:
    """Do something on the servers at once, in a loop of its own; the test's loop waits."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass
class System:
    """Services that are started one by one, as a test needs them."""

    stack: Stack
    issuer: Issuer
    clock_file: Path
    databases: Databases
    ports: dict[str, int]
    smtp_port: int = 25
    apps: dict[str, Any] = field(default_factory=dict)
    exits: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    @classmethod
    async def create(cls, stack: Stack, issuer: Issuer, clock_file: Path) -> "System":
        """A system without databases and topics, until a test needs them; no service runs yet."""
        ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        return cls(stack, issuer, clock_file, Databases(stack), ports)

    @cached_property
    def prefix(self) -> str:
        """The prefix of this test's topics, which are made when it is first asked for."""
        return _now(self.stack.topics())

    def settings(self, service: str, *, topics: bool = True) -> Settings:
        """What a process of `service` is told; one without `topics` never asks the broker."""
        urls = {f"url_{s}": f"http://127.0.0.1:{port}" for s, port in self.ports.items()}
        return Settings.model_validate(
            {
                "service": service,
                "environment": "local",
                "port": self.ports[service],
                "database_url": self.databases[service],
                "kafka_bootstrap_servers": self.stack.kafka.bootstrap_servers,
                "kafka_security_protocol": "SASL_PLAINTEXT",
                "kafka_username": service,
                "kafka_password": self.stack.kafka_passwords[service],
                "kafka_topic_prefix": self.prefix if topics else "none-made.",
                "oidc_issuer": self.issuer.url,
                "oidc_client_secret": f"secret-of-{service}",
                "smtp_port": self.smtp_port,
                **urls,
            }
        )

    async def start(self, name: str, *, roles: Sequence[str] = ("api", "worker")) -> None:
        """Start a service and wait until it answers."""
        module = importlib.import_module(f"services.{name}.service")
        service: Service = module.service
        settings = self.settings(name, topics=tuple(roles) != ("api",))
        app = build(service, settings, frozenset(roles))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                lifespan="on",
                ws="none",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
        )
        task = serve(server, self.ports[name])

        async def stop() -> None:
            server.should_exit = True
            await task

        self.exits.push_async_callback(stop)
        self.apps[name] = app
        async with asyncio.timeout(15):
            while not server.started:
                if task.done():
                    await task
                await asyncio.sleep(0.01)

    def client(
        self,
        service: str,
        role: str,
        sites: Sequence[UUID | str] = ("*",),
        *,
        subject: str | None = None,
        topics: Sequence[str] = (),
    ) -> "Client":
        """A caller of `service` with a token for `role` at `sites`."""
        token = self.issuer.token(
            role, [str(site) for site in sites], subject=subject, topics=topics
        )
        http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.ports[service]}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=15,
        )
        self.exits.push_async_callback(http.aclose)
        return Client(http)

    def set_clock(self, instant: datetime) -> None:
        """Move the shared test clock."""
        clock.write(self.clock_file, instant)

    async def fetch(self, service: str, query: str, *args: object) -> list[asyncpg.Record]:
        """Rows of a service's database, read past row-level security."""
        database = self.databases[service].rpartition("/")[2].partition("?")[0]
        connection = await asyncpg.connect(self.stack.postgres.url(database=database))
        try:
            return await connection.fetch(query, *args)
        finally:
            await connection.close()

    async def until(
        self,
        service: str,
        query: str,
        *args: object,
        is_: object = True,
        within: float = 15.0,
    ) -> None:
        """Wait until a query on a service's database gives the value `is_`."""
        found: object = None
        try:
            async with asyncio.timeout(within):
                while True:
                    rows = await self.fetch(service, query, *args)
                    found = rows[0][0] if rows else None
                    if found == is_:
                        return
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{query} gave {found!r} and not {is_!r}") from None

    async def published(self, service: str) -> list[tuple[str, int, str]]:
        """What a service published: key, sequence and event name, in order."""
        rows = await self.fetch(
            service,
            "SELECT key, sequence, split_part(type, '.', 4) AS name FROM platform.journal"
            " ORDER BY key, sequence",
        )
        return [(r["key"], r["sequence"], r["name"]) for r in rows]

    async def execute_as_superuser(self, statement: str) -> None:
        """Change what belongs to the server."""
        connection = await asyncpg.connect(self.stack.postgres.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def execute_as_owner(self, service: str, statement: str) -> None:
        """Change a service's database as its owner, for what no API does."""
        database = self.databases[service].rpartition("/")[2].partition("?")[0]
        connection = await asyncpg.connect(self.stack.url(database, owner(service)))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@dataclass
class Client:
    """An HTTP client that gives every creation a new Idempotency-Key unless told otherwise."""

    http: httpx.AsyncClient

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params)

    async def post(
        self, path: str, body: Any, *, key: str | None = None, etag: str | None = None
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid4())}
        if etag is not None:
            headers["If-Match"] = etag
        return await self.http.post(path, json=body, headers=headers)

    async def put(self, path: str, body: Any, *, etag: str | None = None) -> httpx.Response:
        headers = {} if etag is None else {"If-Match": etag}
        return await self.http.put(path, json=body, headers=headers)

    async def delete(self, path: str, *, etag: str) -> httpx.Response:
        return await self.http.delete(path, headers={"If-Match": etag})


async def serve_issuer(issuer: Issuer, port: int) -> tuple[uvicorn.Server, "asyncio.Task[None]"]:
    """Serve the local issuer over HTTP."""
    app = issuer_application(
        issuer, {s: f"secret-of-{s}" for s in SERVICES}, portal=Portal("http://127.0.0.1:8000")
    )
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    return server, serve(server, port)


def serve(server: uvicorn.Server, port: int) -> "asyncio.Task[None]":
    """Serve on a port that is bound here: one that is taken is an error of the test alone."""
    return asyncio.create_task(server.serve([bound(port)]))
