"""The pool of a service's database, and how its processes wake one another."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import asyncpg
import structlog

from shared import clock
from shared.database.flush import flush
from shared.database.transaction import ALL_SITES, SITES, Connection, Sites, Transaction

log = structlog.get_logger()

CHANNEL = "stepwell"
"""LISTEN/NOTIFY channel that says: something was published or planned."""

UTC = {"timezone": "UTC"}
"""Whatever the server or the role says: a negative interval, which goes out as a day less and hours
more, is another one where the clocks change on that day."""
LOOKING = {SITES: ALL_SITES, "plan_cache_mode": "force_generic_plan"}
COMMAND_SECONDS = 30.0

STALE_ATTEMPTS = 8
"""How often work is run again after a migration changed a table: each change may stop it once."""

T = TypeVar("T")

MISSING = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
"""What is raised when the server is away, going away, has just gone, or cannot take one more."""


if TYPE_CHECKING:
    Plain = asyncpg.Connection[asyncpg.Record]
else:
    Plain = asyncpg.Connection


BUILT_IN = 16_384
"""Below it are the numbers of the server's own types, the same in all databases."""
USUAL = (1000, 1001, 1007, 1009, 1016, 1182, 1185, 2951, 3807)
"""Arrays of truth values, bytes, integers, texts, large integers, days, instants, ids and JSON."""


class PooledConnection(Plain):
    """A connection that needs no reset when it goes back: transactions set everything locally.

    What the server's own types are, it asks once a process, and of the usual ones all at once:
    planning that question takes 5 ms, and each connection would ask of each kind of array.
    """

    known: ClassVar[dict[int, list[asyncpg.Record]]] = {}

    def get_reset_query(self) -> str:
        return ""

    async def _introspect_types(self, typeoids: Iterable[int], within: float | None) -> Any:
        found: dict[int, asyncpg.Record] = {}
        asked_by = SimpleNamespace(name="nobody")
        for oid in typeoids:
            rows = self.known.get(oid)
            if rows is None:
                asked = USUAL if oid in USUAL else (oid,)
                rows, asked_by = await super()._introspect_types(asked, within)  # type: ignore[misc]  # asyncpg has no setting for it
                if oid < BUILT_IN:
                    self.known.update(dict.fromkeys(asked, rows))
            found |= {row["oid"]: row for row in rows}
        return list(found.values()), asked_by


class Database:
    """One service's database, opened with the application role."""

    def __init__(self, url: str, *, size: int = 10) -> None:
        self.url = url
        self.size = size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._signal = asyncio.Event()
        self._untold = False
        self._signalling: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []
        self._relays: list[Callable[[asyncpg.Record | None], None]] = []
        self._looking: Connection | None = None
        self._look = asyncio.Lock()

    async def open(self) -> None:
        """Open the pool.

        Raises:
            OSError, asyncpg.PostgresError: when the server cannot be reached or refuses the role.
        """
        self._pool = await asyncpg.create_pool(
            self.url,
            min_size=1,
            max_size=self.size,
            connection_class=PooledConnection,
            server_settings=UTC,
            command_timeout=COMMAND_SECONDS,
            max_inactive_connection_lifetime=0,
        )
        self._signalling = asyncio.create_task(self._exchange_signals(), name="signals")

    async def close(self) -> None:
        """Close the pool and the connection for signals."""
        if self._signalling is not None:
            self._signalling.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._signalling
        if self._looking is not None:
            self._looking.terminate()
        if self._pool is not None:
            await self._pool.close()

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise RuntimeError("The database is not open.")
        return self._pool

    @contextlib.asynccontextmanager
    async def transaction(
        self, sites: Sites, *, repeats: bool = False
    ) -> AsyncIterator[Transaction]:
        """A transaction that sees `sites`; it is committed at the end, with its events. For
        `repeats` see there."""
        async with self.pool.acquire() as connection:
            tx = Transaction(connection, clock.now(), sites, repeats=repeats)  # type: ignore[arg-type]  # the proxy offers the same methods
            try:
                yield tx
                await tx.conclude()
                await flush(tx)
            except BaseException:
                if tx.opened and not connection.is_closed():
                    with contextlib.suppress(*MISSING):
                        await connection.execute("ROLLBACK")
                raise
            if tx.opened:
                await connection.execute("COMMIT")
        if tx.outgoing or tx.woken:
            self._untold = True
            self._signal.set()
            for wake in self._listeners:
                wake()
            if tx.outgoing or tx.requeued:
                self._tell_relays(tx.queued)
            await asyncio.sleep(0)  # what was published goes out before the answer is made

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[Transaction]:
        """For what is asked again and again at all sites, such as whether a job is due: each query
        is a transaction by itself, one round trip instead of three, on a connection of its own
        whose plans are made once. One who looks waits for the other."""
        async with self._look:
            if self._looking is None or self._looking.is_closed():
                self._looking = await self.connect(**LOOKING)
            try:
                yield Transaction(self._looking, clock.now(), ALL_SITES, opened=True)
            except MISSING:
                self._looking.terminate()
                raise

    async def run(self, sites: Sites, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What `work` gives in a transaction of its own. It is run again, in a new one, when a
        migration changed meanwhile what it reads, so it has no effect but by its transaction."""
        for _ in range(STALE_ATTEMPTS):
            with contextlib.suppress(asyncpg.InvalidCachedStatementError):
                async with self.transaction(sites) as tx:
                    return await work(tx)
        async with self.transaction(sites) as tx:
            return await work(tx)

    async def _exchange_signals(self) -> None:
        """Tell other processes of commits and hear of theirs, on one connection for all.

        It is made when it is first needed, and anew when it was lost. It does not wait for the
        disk, so that waking costs no transaction anything; commits that came meanwhile are told at
        once.
        """
        connection: Connection | None = None
        try:
            while True:
                await self._signal.wait()
                self._signal.clear()
                try:
                    if connection is None or connection.is_closed():
                        connection = await self.connect(synchronous_commit="off")
                        connection.add_termination_listener(lambda _: self._signal.set())
                        await self._hear(connection)
                    if self._untold:
                        self._untold = False
                        await connection.execute(f"NOTIFY {CHANNEL}")
                except (*MISSING, asyncpg.PostgresError) as error:
                    log.warning("signals_interrupted", error=type(error).__name__)
                    self._untold = True
                    self._signal.set()
                    connection = None
                    await asyncio.sleep(0.2)
        finally:
            if connection is not None:
                connection.terminate()

    async def _hear(self, connection: Connection) -> None:
        """Listen, and let everybody look once for what came while nobody listened."""
        own = connection.get_server_pid()

        def heard(_: object, pid: int, *__: object) -> None:
            if pid != own:
                self._wake_all()

        await connection.add_listener(CHANNEL, heard)
        self._wake_all()

    def _wake_all(self) -> None:
        """Others committed something, and did not say what."""
        for wake in self._listeners:
            wake()
        self._tell_relays(None)

    def _tell_relays(self, queued: asyncpg.Record | None) -> None:
        for give in self._relays:
            give(queued)

    async def connect(self, **settings: str) -> Connection:
        """A connection of one's own, for listening or for a lock that lasts."""
        return await asyncpg.connect(
            self.url, server_settings=UTC | settings, command_timeout=COMMAND_SECONDS
        )

    @contextlib.contextmanager
    def relaying(self, give: Callable[[asyncpg.Record | None], None]) -> Iterator[None]:
        """As `listening`, for the relay: after a commit in this process that published one event
        `give` gets this row of the outbox, and None where there may be others."""
        self._relays.append(give)
        self._signal.set()
        try:
            yield
        finally:
            self._relays.remove(give)

    @contextlib.contextmanager
    def listening(self, wake: Callable[[], None]) -> Iterator[None]:
        """Let `wake` be called for each commit with work, in this process and in others.

        It may be called without one: after a lost connection, for instance.
        """
        self._listeners.append(wake)
        self._signal.set()
        try:
            yield
        finally:
            self._listeners.remove(wake)
