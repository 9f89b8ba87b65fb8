"""One run of a region through the services: what was sent, and what they answered."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from stepwell.region.api import Services, Trace, Who
from stepwell.region.plan import ClientPlan, Region
from stepwell.region.settle import Rest

T = TypeVar("T")
AT_ONCE = 12
"""Requests under way at the same time."""
EVERYWHERE = Who("regional_operations")


@dataclass
class Refusals:
    """Deliberate faults that were sent, and how they were refused: (kind, problem) → number."""

    sent: int = 0
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass
class Walk:
    """Answers of the services by number of the site or client. Nothing here was made up."""

    services: Services
    region: Region
    traces: dict[int, Trace]
    on_step: Callable[[], None] = lambda: None
    sites: dict[int, dict[str, Any]] = field(default_factory=dict)
    cohorts: list[dict[str, Any]] = field(default_factory=list)
    equipment: dict[tuple[int, str], dict[str, str]] = field(default_factory=dict)
    """The room and the counselor of each cohort, by the site's number and the cohort's name."""
    sessions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Sessions of each cohort, in order."""
    referrals: dict[int, dict[str, Any]] = field(default_factory=dict)
    screenings: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    determinations: dict[int, dict[str, Any]] = field(default_factory=dict)
    authorizations: dict[int, dict[str, Any]] = field(default_factory=dict)
    enrolments: dict[int, dict[str, Any]] = field(default_factory=dict)
    placements: dict[int, dict[str, Any]] = field(default_factory=dict)
    days: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The last day with sessions at each site."""
    weeks: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    """The first week of everybody who had a seat then, at each site."""
    boards: dict[int, dict[str, Any]] = field(default_factory=dict)
    """How each site stood on the board of outcomes in the end."""
    attendances: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    recommendations: dict[int, dict[str, Any]] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    """Clients who were stepped down: their later sessions are cancelled."""
    forms: list[dict[str, Any]] = field(default_factory=list)
    """The texts of consents, once they were asked for."""
    refusals: Refusals = field(default_factory=Refusals)
    rest: Rest | None = None
    """The system at its last rest."""

    def key(self, *parts: object) -> str:
        """An Idempotency-Key that is the same whenever this run sends this request."""
        return f"run-{self.region.run}/" + "/".join(str(part) for part in parts)

    def manager(self, site: int) -> Who:
        """The manager of a site."""
        return Who("site_manager", self.sites[site]["id"])

    def who(self, role: str, client: ClientPlan) -> Who:
        """A role at the client's site."""
        return Who(role, self.sites[client.site]["id"])

    def id_of(self, client: ClientPlan) -> str:
        """The pseudonymous id that intake gave."""
        return str(self.referrals[client.number]["client_id"])

    def by_id(self) -> dict[str, ClientPlan]:
        """The clients of this run by their pseudonymous ids."""
        return {self.id_of(c): c for c in self.region.clients if c.number in self.referrals}


async def together(things: Iterable[T], do: Callable[[T], Awaitable[None]]) -> None:
    """Do something for each thing, several at a time. The first error ends it and is raised."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(thing: T) -> None:
        async with limit:
            await do(thing)

    try:
        async with asyncio.TaskGroup() as group:
            for thing in things:
                group.create_task(one(thing))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
