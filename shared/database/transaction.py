"""One use case's transaction: what it may see, what it publishes, what it answered."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import asyncpg

from shared.database.columns import Statement, together
from shared.errors import Refused
from shared.telemetry.statements import statement

AllSites = Literal["*"]
ALL_SITES: AllSites = "*"
Sites = frozenset[UUID] | AllSites
"""The sites whose rows a transaction sees; an empty set sees none."""
SITES = "stepwell.sites"
"""The setting of a transaction that row-level security reads."""
SEE = "SELECT set_config($1, $2, true)"
ONE_PLAN = "SET LOCAL plan_cache_mode = force_generic_plan"
PLAN_EACH = "SET LOCAL plan_cache_mode = force_custom_plan"
PLAN_AS_USUAL = "SET LOCAL plan_cache_mode = auto"

Record: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[Record]"


class AppliedElsewhere(RuntimeError):
    """Another worker moved a position meanwhile; the batch has to be looked at again."""


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
class Reached:
    """How far a consumer comes by the transaction: the last sequence applied of each stream and
    key, and where each position was `before`, if it had begun."""

    consumer: str
    before: Mapping[tuple[str, str], int]
    applied: Mapping[tuple[str, str], int]


Ending: TypeAlias = "Callable[[Transaction, list[Any]], Awaitable[None]]"


@dataclass(slots=True)
class Transaction:
    """A transaction. `now` is its one instant: use it for every time of the use case.

    Lock first, then read, then write. Events given to `publish`, the remembered answer, the noted
    access, a consumer's positions and the last of what was given to `write` are written in one
    statement just before the commit. It opens with its first statement.
    """

    connection: Connection
    now: datetime
    sites: Sites
    outgoing: list[Outgoing] = field(default_factory=list)
    writes: list[Statement] = field(default_factory=list)
    """What was given to `write` and is not sent yet."""
    endings: dict[Ending, list[Any]] = field(default_factory=dict)
    answer: IdempotentAnswer | None = None
    access: Access | None = None
    reached: Reached | None = None
    woken: bool = False
    requeued: bool = False
    """It put events back into the outbox."""
    queued: asyncpg.Record | None = None
    """Where it published one event: that row of the outbox."""
    rebuilding: bool = False
    """What is written serves nobody yet, so that nobody is to be told."""
    repeats: bool = False
    """Its statements are those of many others of its kind, whose plans are made once a connection:
    with the values at hand none would be better, and making them takes longer than running them."""
    opened: bool = False
    everywhere: bool = False
    """Within `at_all_sites`, which may be entered again there."""
    locked: set[UUID] = field(default_factory=set)
    """What is locked in the order of the ids; see the service that locks."""

    def may_see(self, site_id: UUID) -> bool:
        """Whether rows of `site_id` are visible and writable in this transaction."""
        return self.sites == ALL_SITES or site_id in self.sites

    def wake(self) -> None:
        """Wake the service's jobs after the commit, as this transaction planned work for them."""
        self.woken = True

    def requeue(self) -> None:
        """Wake the relay after the commit, as this transaction put events back into the outbox."""
        self.woken = self.requeued = True

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

    async def write(self, query: str, *args: object) -> None:
        """As `execute`, for a write whose status nobody needs. It goes out with others of these, as
        one statement: when something else is to be sent, at the latest before the commit.

        What is given one after the other must not change the same row; the same query twice never
        goes out at once.
        """
        if any(query == waiting for waiting, *_ in self.writes):
            await self.send()
        self.writes.append((query, *args))

    async def write_and_read(self, write: Statement, read: Statement) -> list[asyncpg.Record]:
        """Send a write now, with what waits, and read: one statement, which sees the tables as they
        were before, and what the write returns as the table `written`."""
        self.writes.append(write)
        return await self.read_beside(*read)

    async def read_beside(self, query: str, *args: object) -> list[Record]:
        """Read or lock rows, and send what waits in the same statement: for what is asked for that
        no waiting write changes, as it is read as it was before them."""
        waiting, self.writes = self.writes, []
        return await self.fetch(*together(*waiting, (query, *args)))

    async def send(self) -> None:
        """Send now what was given to `write`."""
        if self.writes:
            waiting, self.writes = self.writes, []
            await self.execute(*together(*waiting))

    async def _open(self) -> None:
        if not self.opened:
            self.opened = True  # before it is, so that one cut off while opening is rolled back
            opening = f"BEGIN; SET LOCAL {SITES} = '{as_setting(self.sites)}'"
            await self.connection.execute(f"{opening}; {ONE_PLAN}" if self.repeats else opening)
        await self.send()

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


@contextmanager
def unless_taken(refusal: Refused) -> Iterator[None]:
    """Refuse so what is written in here and a unique or an exclusion constraint does not take. The
    transaction is over then."""
    try:
        yield
    except (asyncpg.UniqueViolationError, asyncpg.ExclusionViolationError):
        raise refusal from None


@asynccontextmanager
async def at_all_sites(tx: Transaction) -> AsyncIterator[None]:
    """For figures that are kept by person and reckoned from rows of all sites: the statements
    within see and write those too. What is shown of them is read outside of it."""
    if tx.everywhere or tx.sites == ALL_SITES:
        yield
        return
    await tx.execute(SEE, SITES, ALL_SITES)
    tx.everywhere = True
    yield  # whoever fails within leaves no transaction to be restored
    tx.everywhere = False
    await tx.execute(SEE, SITES, as_setting(tx.sites))


@asynccontextmanager
async def planned_each(tx: Transaction) -> AsyncIterator[None]:
    """For what reads by thousands of ids: each statement within is planned for its own values. Of a
    list the server expects ten, and after five times takes the plan for these.

    Functions in SQL are planned anew with each call then (PostgreSQL 18), so statements that call
    them row by row do not belong here.
    """
    await tx.execute(PLAN_EACH)
    yield
    await tx.execute(ONE_PLAN if tx.repeats else PLAN_AS_USUAL)
