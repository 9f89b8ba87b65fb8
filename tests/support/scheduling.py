"""The scheduling service over HTTP, and the events of intake that it reacts to."""

import contextlib
import importlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx

from shared import clock
from shared.contracts.base import Event
from shared.contracts.intake import (
    AgeBand,
    AuthorizationChanged,
    AuthorizedUnit,
    ClientEnrolled,
    ClientSteppedDown,
    EpisodeState,
    EpisodeStateChanged,
    PriorityPopulation,
    TrackNeed,
)
from shared.contracts.topics import BY_TYPE
from shared.database import ALL_SITES, Database, Transaction
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from tests.support.system import Client, System

CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NUMBERS = itertools.count(1 << 100)
EVENING = {
    "weekday": 0,
    "starts": "17:30",
    "minutes": 180,
    "break_minutes": 15,
    "kind": "group",
    "topic": "Coping skills",
}


def authorized(
    client: "Enrolled",
    granted: int,
    *,
    until: date = date(2026, 3, 31),
    adds_up: Literal["day", "session"] = "day",
) -> AuthorizationChanged:
    """A payer's authorization of so many days from 23 February on, or of quarters of an hour of
    sessions."""
    quarters = adds_up == "session"
    return AuthorizationChanged(
        client_id=client.id,
        site_id=client.site_id,
        authorization_id=uuid4(),
        code="H0015",
        unit=AuthorizedUnit(
            unit="15_min" if quarters else "per_diem",
            minimum_minutes=15 if quarters else 30,
            counts_from=15 if quarters else None,
            adds_up=adds_up,
            session_kinds=None,
        ),
        units_granted=granted,
        units_used=0,
        valid_from=date(2026, 2, 23),
        valid_until=until,
        withdrawn=False,
        changed_at=datetime(2026, 2, 24, tzinfo=UTC),
    )


@dataclass(frozen=True)
class Enrolled:
    """An enrolled client by name."""

    name: str
    site_id: UUID
    dual_diagnosis: bool = False
    gender_group: Literal["men", "women"] | None = None
    priority: tuple[PriorityPopulation, ...] = ()
    id: UUID = field(default_factory=uuid4)
    enrolment_id: UUID = field(default_factory=lambda: UUID(int=next(NUMBERS)))
    """Those that are made later are higher, as ids are that time makes."""
    enrolled_at: datetime | None = None
    """Now, unless a test says otherwise."""
    age_band: AgeBand | None = None
    needs: tuple[TrackNeed, ...] = ()

    @property
    def enrolment(self) -> ClientEnrolled:
        return ClientEnrolled(
            client_id=self.id,
            site_id=self.site_id,
            enrolment_id=self.enrolment_id,
            level_of_care="2.1",
            dual_diagnosis=self.dual_diagnosis,
            gender_group=self.gender_group,
            enrolled_at=self.enrolled_at or clock.now(),
            priority=list(self.priority),
            age_band=self.age_band,
            needs=list(self.needs),
        )

    def changed(self, to: EpisodeState) -> EpisodeStateChanged:
        return EpisodeStateChanged(
            client_id=self.id,
            site_id=self.site_id,
            enrolment_id=self.enrolment_id,
            from_state="active",
            to_state=to,
            reason=None,
            ended=to not in ("enrolled", "active", "on_hold"),
            changed_at=clock.now(),
        )

    @property
    def step_down(self) -> ClientSteppedDown:
        return ClientSteppedDown(
            client_id=self.id,
            site_id=self.site_id,
            enrolment_id=self.enrolment_id,
            recommendation_id=uuid4(),
            from_level="2.1",
            to_level="1.5",
            stepped_down_at=clock.now(),
        )


def registry_of(name: str) -> Registry:
    """The handlers of a service."""
    return Registry(name, importlib.import_module(f"services.{name}.service").service.consumers)


def told(*events: Event, traceparent: str | None = CAUSE) -> list[Received[Any]]:
    """Events as a handler gets them."""
    return [
        Received(e, str(uuid4()), "/t", e.type_name(), e.stream, e.key, 1, clock.now(), traceparent)
        for e in events
    ]


@dataclass
class Clinic:
    """One test's scheduling service: set it up over HTTP, tell it events, look at its events."""

    system: System
    database: Database
    regional: Client
    desk: Client
    registry: Registry = field(default_factory=lambda: registry_of("scheduling"))

    async def site(self, name: str = "Cedar Ridge", time_zone: str = "America/Denver") -> UUID:
        made = await self.regional.post("/sites", {"name": name, "time_zone": time_zone})
        return UUID(created(made)["id"])

    async def cohort(self, site_id: UUID, name: str = "Evening", **other: Any) -> UUID:
        body = {
            "site_id": str(site_id),
            "name": name,
            "track": "general",
            "gender_group": None,
            "capacity": 10,
            "dual_diagnosis_trained": False,
            **other,
        }
        return UUID(created(await self.regional.post("/cohorts", body))["id"])

    async def curriculum(
        self,
        cohort_id: UUID,
        *,
        starts_on: str = "2026-03-02",
        weeks: int = 2,
        slots: Sequence[dict[str, Any]] = (EVENING,),
    ) -> dict[str, Any]:
        body = {"starts_on": starts_on, "weeks": weeks, "slots": list(slots)}
        return created(await self.regional.post(f"/cohorts/{cohort_id}/curriculum", body))

    async def sessions(self, cohort_id: UUID) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (
            await self.regional.get("/sessions", cohort_id=cohort_id)
        ).json()["items"]
        return items

    async def tell(self, *events: Event, traceparent: str | None = CAUSE) -> None:
        """Apply events of one type in one transaction."""
        async with self.database.transaction(ALL_SITES) as tx:
            await self.tell_in(tx, *events, traceparent=traceparent)

    async def tell_in(
        self, tx: Transaction, *events: Event, traceparent: str | None = CAUSE
    ) -> None:
        """Apply events of one type in a transaction that is open."""
        received = told(*events, traceparent=traceparent)
        await self.registry.handle(tx, events[0].type_name(), received)

    async def published(self) -> list[Event]:
        """What the service published about clients, in the order of publishing."""
        return [event for event, _ in await self.published_with_traces()]

    async def published_with_traces(self) -> list[tuple[Event, str | None]]:
        rows = await self.system.fetch(
            "scheduling", "SELECT type, payload, traceparent FROM platform.outbox ORDER BY id"
        )
        return [
            (BY_TYPE[r["type"]].model_validate_json(r["payload"]), r["traceparent"])
            for r in rows
            if not r["type"].endswith(("SiteOpened.v1", "CohortChanged.v1"))
        ]

    async def names_for(self, client: Enrolled) -> list[str]:
        """Names of the events about a client, in order."""
        return [
            type(event).__name__ for event in await self.published() if event.key == str(client.id)
        ]

    def at(self, instant: datetime) -> None:
        self.system.set_clock(instant)


def created(answer: httpx.Response) -> dict[str, Any]:
    """The body of a 201."""
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: httpx.Response, status: int, slug: str, pointer: str | None = None) -> None:
    """The answer is that problem, for that part of the request."""
    body = answer.json()
    assert (answer.status_code, body["type"]) == (status, f"/problems/{slug}"), answer.text
    if pointer is not None:
        assert pointer in [error["pointer"] for error in body["errors"]]


@contextlib.asynccontextmanager
async def open_clinic(system: System) -> AsyncIterator[Clinic]:
    """A running API on Monday, 2026-02-23 14:00 UTC; events are told directly, not over Kafka."""
    await system.start("scheduling", roles=("api",))
    database = Database(system.databases["scheduling"], size=8)
    await database.open()
    try:
        yield Clinic(
            system,
            database,
            regional=system.client("scheduling", "regional_operations"),
            desk=system.client("scheduling", "front_desk"),
        )
    finally:
        await database.close()
