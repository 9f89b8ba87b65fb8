"""The pool of a service's database, and how its processes wake one another."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import asyncpg
import structlog

from shared import clock
from shared.database.flush import flush
from shared.database.transaction import Connection, Sites, Transaction

log = structlog.get_logger()

CHANNEL = "stepwell"
"""LISTEN/NOTIFY channel that says: something was published or planned."""

COMMAND_SECONDS = 30.0

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


class PooledConnection(Plain):
    """A connection that needs no reset when it goes back: transactions set everything locally."""

    def get_reset_query(self) -> str:
        return ""


class Database:
    """One service's database, opened with the application role."""

    def __init__(self, url: str, *, size: int = 10) -> None:
        self.url = url
        self.size = size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._wake = asyncio.Event()
        self._notifier: asyncio.Task[None] | None = None
        self._notifier_pid: int | None = None
        self._listeners: list[Callable[[], None]] = []

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
            command_timeout=COMMAND_SECONDS,
            max_inactive_connection_lifetime=0,
        )
        self._notifier = asyncio.create_task(self._notify(), name="notifier")

    async def close(self) -> None:
        """Close the pool and the connection that notifies."""
        if self._notifier is not None:
            self._notifier.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._notifier
        if self._pool is not None:
            await self._pool.close()

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise RuntimeError("The database is not open.")
        return self._pool

    @contextlib.asynccontextmanager
    async def transaction(self, sites: Sites) -> AsyncIterator[Transaction]:
        """A transaction that sees `sites`; it is committed at the end, with its events."""
        async with self.pool.acquire() as connection:
            tx = Transaction(connection, clock.now(), sites)  # type: ignore[arg-type]  # the proxy offers the same methods
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
            self._wake.set()
            for wake in self._listeners:
                wake()

    async def _notify(self) -> None:
        """Tell listeners in other processes, once for all commits that came meanwhile.

        Its own connection does not wait for the disk, so that waking costs no transaction
        anything.
        """
        connection: Connection | None = None
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                if connection is None or connection.is_closed():
                    connection = await self.connect(synchronous_commit="off")
                    self._notifier_pid = connection.get_server_pid()
                await connection.execute(f"NOTIFY {CHANNEL}")
            except (*MISSING, asyncpg.PostgresError) as error:
                log.warning("notify_failed", error=type(error).__name__)
                connection = None
                await asyncio.sleep(0.2)

    async def connect(self, **settings: str) -> Connection:
        """A connection of one's own, for listening or for a lock that lasts."""
        return await asyncpg.connect(
            self.url, server_settings=settings, command_timeout=COMMAND_SECONDS
        )

    @contextlib.asynccontextmanager
    async def listening(self, wake: Callable[[], None]) -> AsyncIterator[Connection]:
        """A connection while `wake` is called for each commit with work; it may be used too.

        Commits of this process call it at once, those of others by their notifications.
        """

        def notified(_: object, pid: int, *__: object) -> None:
            if pid != self._notifier_pid:
                wake()

        connection = await self.connect(synchronous_commit="off")
        self._listeners.append(wake)
        try:
            await connection.add_listener(CHANNEL, notified)
            yield connection
        finally:
            self._listeners.remove(wake)
            connection.terminate()
