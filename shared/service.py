"""What a service declares, and how it serves."""

import asyncio
import contextlib
import importlib
import math
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
import orjson
import structlog
import uvicorn
from fastapi import APIRouter, FastAPI

from shared import clock, peers
from shared.access.client import ServiceToken
from shared.access.tokens import Verifier
from shared.database import ALL_SITES, Database
from shared.database.pool import MISSING
from shared.datafiles import DataFileInvalid, load_all
from shared.jobs import Job
from shared.messaging import pending as pending_module
from shared.messaging.applier import Applier
from shared.messaging.feed import Feed
from shared.messaging.handlers import Consumers, Registry
from shared.messaging.pending import Flow, Pending
from shared.messaging.read_models import Progress, ReadModels, RebuildFailed
from shared.messaging.rebuilding import Rebuild
from shared.peers import Peer
from shared.process import REBUILD, collect_rarely, complain
from shared.settings import Settings
from shared.telemetry import tracing
from shared.web.application import application
from shared.worker import Worker
from shared.zones import Zones

log = structlog.get_logger()

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than clients and balancers keep theirs (60 s), as
whoever writes to one that is being closed does not know whether the request was done."""


@dataclass(frozen=True)
class Service:
    """A service and its parts; `peers` are the servers that its worker needs beside database and
    broker."""

    name: str
    title: str
    description: str
    routers: Sequence[APIRouter]
    consumers: Sequence[Consumers] = ()
    jobs: Sequence[Job] = ()
    waiting: Mapping[str, str] = field(default_factory=dict)
    """Other work under way: the query of its number, by name."""
    peers: Sequence[Callable[[Settings], Peer]] = ()
    read_models: ReadModels | None = None
    """What `rebuild` makes anew."""
    zones: str = ""
    """The query for the zones of the sites that the service keeps."""


class Stopped(Exception):
    """The process was asked to stop before it had started."""


class Running:
    """One process of a service: its database, its handlers, what it can say about itself."""

    def __init__(self, service: Service, settings: Settings) -> None:
        self.service = service
        self.settings = settings
        self.database = Database(settings.database_url, size=settings.database_pool)
        self.verifier = Verifier(settings)
        self.feed = Feed(settings, ServiceToken(settings))
        registry = Registry(service.name, service.consumers)
        self.applier = Applier(self.database, registry, self.feed)
        self._zones = Zones()
        self.worker = Worker(self.database, settings, self.applier, service.jobs)

    async def pending(self) -> Pending:
        """What is under way in this service."""
        async with self.database.looking() as tx:
            return await pending_module.pending(
                tx,
                self.service.name,
                jobs=self.service.jobs,
                waiting=self.service.waiting,
                consumes=self.applier.registry.streams,
            )

    async def flow(self) -> Flow:
        """What is under way, and how far this service is behind those that it listens to."""
        return await pending_module.flow(await self.pending(), self.feed)

    async def complaint(self) -> str | None:
        """Why the process should get no traffic; None when it may.

        Raises:
            OSError, asyncpg.PostgresError: the database does not answer.
        """
        if self.service.zones:
            rows = await self.database.run(ALL_SITES, lambda tx: tx.fetch(self.service.zones))
            found = await self._zones.difference(
                self.database.pool.fetchval, [row["time_zone"] for row in rows], clock.now()
            )
            if found is not None:
                return str(found)
        else:
            await self.database.pool.fetchval("SELECT 1")
        return None

    async def open(self, stopping: Callable[[], bool]) -> None:
        """Open the database, waiting for a server that is not there yet.

        Raises:
            PeerRefused: the server came, and will not do.
            Stopped: somebody asked the process to stop meanwhile.
        """
        while not stopping():
            try:
                await self.database.open()
            except (*MISSING, asyncpg.PostgresError) as error:
                if (reason := await peers.database(self.settings).refusal()) is not None:
                    raise peers.PeerRefused(reason) from None
                log.warning("database_awaited", error=type(error).__name__)
                await asyncio.sleep(0.5)
            else:
                return
        raise Stopped

    async def close(self) -> None:
        await self.worker.stop()
        await self.feed.close()
        await self.verifier.close()
        await self.database.close()


def build(service: Service, settings: Settings, roles: frozenset[str]) -> FastAPI:
    """The ASGI application of one process; without the `api` role just health and metrics."""
    running = Running(service, settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            await running.open(lambda: is_stopping(app))
        except peers.PeerRefused as refused:
            app.state.refused = refused
            raise
        if "worker" in roles:
            running.worker.start(lambda: stop(app))
        try:
            yield
        finally:
            await running.close()

    return application(running, roles=roles, lifespan=lifespan)


def stop(app: FastAPI) -> None:
    """Ask the server that runs `app` to stop."""
    server = getattr(app.state, "server", None)
    if server is not None:
        server.should_exit = True


def is_stopping(app: FastAPI) -> bool:
    """Whether the server that runs `app` was asked to stop."""
    return getattr(getattr(app.state, "server", None), "should_exit", False)


def named(name: str) -> Service:
    """A service, with its data files read; exit code 3 where one of them cannot be used."""
    service: Service = importlib.import_module(f"services.{name}.service").service
    try:
        load_all(name)
    except DataFileInvalid as error:
        sys.exit(complain(str(error), 3))
    return service


def serve(service: Service, settings: Settings, roles: frozenset[str]) -> None:
    """Run the roles `api` and `worker` until asked to stop; exit code 4 for a database that refuses
    the process after all."""
    app = build(service, settings, roles)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=math.ceil(settings.request_timeout) + 1,
        )
    )
    app.state.server = server
    collect_rarely()
    try:
        server.run()
    except SystemExit:
        if (refused := getattr(app.state, "refused", None)) is not None:
            sys.exit(complain(f"{service.name}: {refused}", 4))
        raise
    tracing.shutdown()


def rebuild(service: Service, settings: Settings, *, accept_differences: bool) -> int:
    """Make the read models anew; a line of JSON on stdout for each step of progress."""
    models = service.read_models
    if models is None:
        return complain(f"{service.name} has nothing to rebuild", 2)
    collect_rarely()

    def tell(progress: Progress) -> None:
        print(orjson.dumps({"phase": progress.phase, **progress.details}).decode(), flush=True)

    async def run() -> None:
        database = Database(settings.database_url, size=2)
        feed = Feed(settings, ServiceToken(settings))
        await database.open()
        try:
            made = Rebuild(database, settings, models, feed, tell)
            await made.run(accept_differences=accept_differences)
        finally:
            await feed.close()
            await database.close()

    try:
        asyncio.run(run())
    except RebuildFailed as failed:
        return complain(f"{service.name}: {failed}", 1)
    return 0


def needed(service: Service, settings: Settings, roles: frozenset[str]) -> list[Peer]:
    """The servers that a process with these roles connects to."""
    asked = [peers.database(settings)] if roles & {"api", "worker", REBUILD} else []
    asked += [peers.broker(settings)] if roles & {"worker", "stream", REBUILD} else []
    asked += [peer(settings) for peer in service.peers if "worker" in roles]
    return asked
