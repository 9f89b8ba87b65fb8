"""One use case's transaction: what it may see, what it publishes, what it answered."""

from collections.abc import Sequence
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

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


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


@dataclass(slots=True)
class Transaction:
    """An open transaction. `now` is its one instant: use it for every time of the use case.

    Events given to `publish`, the remembered answer, the noted access and what was given to `write`
    are written in one statement just before the commit.
    """

    connection: Connection
    now: datetime
    sites: Sites
    outgoing: list[Outgoing] = field(default_factory=list)
    writes: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    violations: dict[str, Refused] = field(default_factory=dict)
    answer: IdempotentAnswer | None = None
    access: Access | None = None
    woken: bool = False

    def may_see(self, site_id: UUID) -> bool:
        """Whether rows of `site_id` are visible and writable in this transaction."""
        return self.sites == ALL_SITES or site_id in self.sites

    def wake(self) -> None:
        """Wake the service's jobs after the commit, as this transaction planned work for them."""
        self.woken = True

    def write(self, statement: str, *args: object, **violations: Refused) -> None:
        """Let an INSERT, UPDATE or DELETE be sent with the commit's own statement, which saves a
        round trip.

        For a write whose result the command does not need, and that nothing in this transaction
        reads: all that is sent together sees the tables as they were before. `violations` names
        unique constraints of the written table, each with the refusal that a violation means.
        """
        self.writes.append((statement, args))
        self.violations |= violations

    def remember(self, answer: IdempotentAnswer) -> None:
        """Store `answer` with this transaction.

        The commit raises `asyncpg.UniqueViolationError` on `idempotency_keys_pkey` when the key was
        already answered.
        """
        self.answer = answer

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        with statement(query):
            return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        with statement(query):
            return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        with statement(query):
            return await self.connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        with statement(query):
            return await self.connection.execute(query, *args)

    async def executemany(self, query: str, args: Sequence[Sequence[object]]) -> None:
        with statement(query):
            await self.connection.executemany(query, args)


def opening(sites: Sites) -> str:
    """The statements that open a transaction for `sites`, sent in one round trip."""
    listed = ALL_SITES if sites == ALL_SITES else ",".join(str(UUID(str(site))) for site in sites)
    return f"BEGIN; SET LOCAL stepwell.sites = '{listed}'"
