"""One use case's transaction: what it may see, what it publishes, what it answered."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import asyncpg

from shared.errors import Refused
from shared.telemetry.statements import statement

AllSites = Literal["*"]
ALL_SITES: AllSites = "*"
Sites = frozenset[UUID] | AllSites
"""The sites whose rows a transaction sees; an empty set sees none."""
SITES = "stepwell.sites"
"""The setting of a transaction that row-level security reads."""
SEE = "SELECT set_config($1, $2, true)"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Overtaken(Exception):
    """What a command had read was changed by another one before it could write: it is to be run
    again. `shared.web.create` and `update` do so."""


@dataclass(frozen=True, slots=True)
class IdempotentAnswer:
    """An answer to remember under the caller's Idempotency-Key."""

    subject: str
    key: str
    operation: str
    body_hash: bytes
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody saw or changed something of these clients, each with the site where it is kept.

    A client whose records lie at several sites is there once for each; None is a site not told.
    """

    subject: str
    role: str
    operation: str
    kind: Literal["read", "change"]
    clients: Sequence[tuple[UUID, UUID | None]]
    reason: str | None
    """Why the glass was broken; None for whoever may see the clients anyway."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event to publish at commit, already encoded."""

    stream: str
    key: str
    event_id: str
    type: str
    dataschema: str
    traceparent: str | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """A statement left for the commit; `unwritten` is raised when it wrote fewer than `rows`."""

    statement: str
    args: tuple[object, ...]
    unwritten: Exception | None
    rows: int


@dataclass(frozen=True, slots=True)
class Requirement:
    """A condition that must hold at the commit; `otherwise` is raised when it does not."""

    condition: str
    args: tuple[object, ...]
    otherwise: Exception


Ending: TypeAlias = "Callable[[Transaction, list[Any]], Awaitable[None]]"


@dataclass(slots=True)
class Transaction:
    """A transaction. `now` is its one instant: use it for every time of the use case.

    Events given to `publish`, the remembered answer, the noted access and what was given to `write`
    are written in one statement just before the commit, which also asks what `require` was given.
    It opens with its first statement; a transaction of nothing but that last one is that statement
    alone.
    """

    connection: Connection
    now: datetime
    sites: Sites
    outgoing: list[Outgoing] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    violations: dict[str, Refused] = field(default_factory=dict)
    endings: dict[Ending, list[Any]] = field(default_factory=dict)
    answer: IdempotentAnswer | None = None
    access: Access | None = None
    woken: bool = False
    opened: bool = False

    def may_see(self, site_id: UUID) -> bool:
        """Whether rows of `site_id` are visible and writable in this transaction."""
        return self.sites == ALL_SITES or site_id in self.sites

    def wake(self) -> None:
        """Wake the service's jobs after the commit, as this transaction planned work for them."""
        self.woken = True

    def write(
        self,
        statement: str,
        *args: object,
        unwritten: Exception | None = None,
        rows: int = 1,
        **violations: Refused,
    ) -> None:
        """Let an INSERT, UPDATE or DELETE be sent with the commit's own statement, which saves a
        round trip.

        For a write whose result the command does not need, and that nothing in this transaction
        reads: all that is sent together sees the tables as they were before; `write_now` sends it
        earlier. With `unwritten` it must write `rows`, or else that is raised and nothing is
        committed; such writes are done first, in their order, and have no RETURNING of their own.
        No two writes of one transaction may change the same row.
        `violations` names unique constraints of the written table, each with the refusal that a
        violation means.
        """
        self.writes.append(Write(statement, args, unwritten, rows))
        self.violations |= violations

    def require(self, condition: str, *args: object, otherwise: Exception) -> None:
        """Ask with the commit's own statement whether an SQL condition holds; `otherwise` is raised
        and nothing is committed when it does not.

        The condition sees what others had committed before that statement, and of this transaction
        what was written before it. So what was read before a lock was waited for can be confirmed
        by it.
        """
        self.requirements.append(Requirement(condition, args, otherwise))

    def at_end(self, function: Ending, *given: object) -> None:
        """Let `function` be called once, before the commit, with all that it was given in this
        transaction, in that order.

        For what is decided from a whole batch of events, such as who gets a seat: handlers are
        called in an order that the partitions happen to give.
        """
        self.endings.setdefault(function, []).extend(given)

    async def conclude(self) -> None:
        """Call now what `at_end` was given."""
        while self.endings:
            function = next(iter(self.endings))
            await function(self, self.endings.pop(function))

    def remember(self, answer: IdempotentAnswer) -> None:
        """Store `answer` with this transaction.

        The commit raises `asyncpg.UniqueViolationError` on `idempotency_keys_pkey` when the key was
        already answered.
        """
        self.answer = answer

    async def _open(self) -> None:
        if not self.opened:
            self.opened = True  # before it is, so that one cut off while opening is rolled back
            await self.connection.execute(f"BEGIN; SET LOCAL {SITES} = '{as_setting(self.sites)}'")

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        await self._open()
        with statement(query):
            return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        await self._open()
        with statement(query):
            return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        await self._open()
        with statement(query):
            return await self.connection.fetchval(query, *args)

    async def execute_alone(self, query: str, *args: object) -> None:
        """Run the one statement of a transaction that never opened: it commits by itself."""
        with statement(query):
            await self.connection.execute(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        await self._open()
        with statement(query):
            return await self.connection.execute(query, *args)

    async def executemany(self, query: str, args: Sequence[Sequence[object]]) -> None:
        await self._open()
        with statement(query):
            await self.connection.executemany(query, args)


def as_setting(sites: Sites) -> str:
    """`sites` as the setting by which row-level security knows them."""
    return ALL_SITES if sites == ALL_SITES else ",".join(str(UUID(str(site))) for site in sites)


@asynccontextmanager
async def at_all_sites(tx: Transaction) -> AsyncIterator[None]:
    """For figures that are kept by person and reckoned from rows of all sites: the statements
    within see and write those too. What is shown of them is read outside of it."""
    if tx.sites == ALL_SITES:
        yield
        return
    await tx.execute(SEE, SITES, ALL_SITES)
    yield  # whoever fails within leaves no transaction to be restored
    await tx.execute(SEE, SITES, as_setting(tx.sites))
