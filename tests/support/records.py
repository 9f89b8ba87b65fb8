"""Records of clients in all services, their histories, and what is read of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson

from services.intake.service import service as intake_service
from services.notifications.service import service as notifications_service
from services.outcomes.service import service as outcomes_service
from services.scheduling.service import service as scheduling_service
from shared import clock
from shared.contracts.base import Event
from shared.contracts.scheduling import SessionAttended
from shared.contracts.topics import BY_TYPE
from shared.database import ALL_SITES, Database
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from shared.service import Service
from tests.conftest import MONDAY
from tests.support.consents import signed
from tests.support.coverage import card, grant
from tests.support.flow import FITS_IOP, SITE, Intake, created, rated, responses
from tests.support.outcomes import engaged
from tests.support.reads import OF_PERSON, ONE_OF_A_LIST, TOGETHER, Read, Route
from tests.support.scheduling import CAUSE, Enrolled
from tests.support.system import Client, System

SERVICES: tuple[Service, ...] = (
    intake_service,
    scheduling_service,
    notifications_service,
    outcomes_service,
)
ZONE = "America/Denver"
COHORT, CURRICULUM = UUID(int=11), UUID(int=12)
Reading = dict[Route, Any]
Step = Callable[["Records", str, int], Awaitable[None]]


@dataclass
class Records:
    """All services without their workers; events are told directly, in the order of their time."""

    system: System
    databases: dict[str, Database]
    intake: Intake
    told: set[str] = field(default_factory=set)
    minutes: int = 0
    callers: dict[tuple[str, str], Client] = field(default_factory=dict)

    def caller(self, role: str, service: str = "intake") -> Client:
        """A caller who lets go of a connection before the service does, as examples take long."""
        if (service, role) not in self.callers:
            known = self.system.client(service, role, [SITE]).http
            http = httpx.AsyncClient(
                base_url=known.base_url,
                headers=known.headers,
                timeout=60,
                limits=httpx.Limits(keepalive_expiry=1.0),
            )
            self.system.exits.push_async_callback(http.aclose)
            self.callers[service, role] = Client(http)
        return self.callers[service, role]

    def later(self) -> None:
        """A minute passes."""
        self.minutes += 1
        self.system.set_clock(MONDAY + timedelta(minutes=self.minutes))

    async def apply(self, name: str, event: Event, sequence: int = 1) -> None:
        declared = next(one for one in SERVICES if one.name == name)
        registry = Registry(name, declared.consumers)
        kind = event.type_name()
        if registry.contract_of(kind) is None:
            return
        now = clock.now()
        received: Received[Any] = Received(
            event, str(uuid4()), "/t", kind, event.stream, event.key, sequence, now, CAUSE
        )
        async with self.databases[name].transaction(ALL_SITES) as tx:
            await registry.handle(tx, kind, [received])

    async def tell(self) -> None:
        """Let the other services know what intake has published since."""
        rows = await self.system.fetch(
            "intake",
            "SELECT event_id, type, sequence, payload FROM platform.journal"
            " ORDER BY occurred_at, key, sequence",
        )
        for row in rows:
            if row["event_id"] in self.told:
                continue
            self.told.add(row["event_id"])
            event = BY_TYPE[row["type"]].model_validate_json(row["payload"])
            for name in ("scheduling", "notifications", "outcomes"):
                await self.apply(name, event, row["sequence"])

    async def read(self, client: str, routes: dict[Route, Read]) -> Reading:
        """Everything that is read of a client, all at once."""
        found = await asyncio.gather(*(self._read(client, *one) for one in routes.items()))
        return dict(zip(routes, found, strict=True))

    async def _read(self, client: str, route: Route, read: Read) -> Any:
        service, path = route
        params = read.params if "{client_id}" in path else {**read.params, "client_id": client}
        answer = await self.caller(read.role, service).get(path.format(client_id=client), **params)
        assert answer.status_code in (200, 404), (path, answer.text)
        shown = answer.json() if answer.status_code == 200 else {}
        for passing in (shown, *shown.get("items", ())):  # what changes from question to question
            for name in ("at", "age_minutes", "overdue"):
                passing.pop(name, None)
        return shown

    async def single(self, client: str, reading: Reading) -> None:
        """Every entry of a list is found by its own address too."""
        for (service, path), name in ONE_OF_A_LIST.items():
            listed = next(v for (_, p), v in reading.items() if p.endswith(f"}}/{name}"))
            for one in listed["items"]:
                parent = path.format(client_id=client, **dict.fromkeys(_names(path), one["id"]))
                answer = await self.caller("clinical_lead", service).get(parent)
                assert (answer.status_code, answer.json()["id"]) == (200, one["id"]), path


def _names(path: str) -> list[str]:
    return [
        part[1:-1] for part in path.split("/") if part.startswith("{") and part != "{client_id}"
    ]


READS = OF_PERSON | TOGETHER


def compared(reading: Reading, clients: Sequence[str]) -> Reading:
    """A reading in which ids stand for nothing, the clients are one, and lists have no order."""
    return {
        route: _plain(found, READS.get(route, Read()).without, frozenset(clients))
        for route, found in reading.items()
    }


def together(readings: Sequence[Reading], clients: Sequence[str]) -> Reading:
    """The entries of the lists of several records."""
    found = [compared(one, clients) for one in readings]
    return {route: _sorted([i for one in found for i in one[route]]) for route in TOGETHER}


def _plain(found: Any, without: frozenset[str], clients: frozenset[str]) -> Any:
    if isinstance(found, dict):
        if "items" in found and ("next" in found or "before" in found):
            return _plain(found["items"], without, clients)
        return {k: _plain(v, without, clients) for k, v in found.items() if k not in without}
    if isinstance(found, list):
        return _sorted([_plain(one, without, clients) for one in found])
    if isinstance(found, str):
        if found in clients:
            return "client"
        try:
            UUID(found)
        except ValueError:
            return found
        return "id"
    return found


def _sorted(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda one: orjson.dumps(one, option=orjson.OPT_SORT_KEYS))


async def _contact(records: Records, client: str, n: int) -> None:
    path = f"/clients/{client}/contact"
    etag = (await records.caller("front_desk").get(path)).headers["etag"]
    body = {"channel": "email", "email": f"step-{n}@example.test"}
    answer = await records.caller("front_desk").put(path, body, etag=etag)
    assert answer.status_code == 200, answer.text


async def _identity(records: Records, client: str, n: int) -> None:
    etag = (await records.caller("front_desk").get(f"/clients/{client}")).headers["etag"]
    body = {
        "given_name": f"Step {n}",
        "family_name": "Example",
        "birth_date": "1988-04-17",
        "sex_at_birth": "male",
        "reason": "changed",
    }
    answer = await records.caller("front_desk").put(f"/clients/{client}/identity", body, etag=etag)
    assert answer.status_code == 200, answer.text


async def _preferences(records: Records, client: str, n: int) -> None:
    path = f"/clients/{client}/preferences"
    etag = (await records.caller("front_desk").get(path)).headers["etag"]
    body = {
        "time_zone": ZONE,
        "available": [],
        "telehealth": {"device": n % 2 == 0, "private_space": True, "connection": True},
        "transport": "medical_transport",
        "language": "en",
        "children": {"minor": n % 5, "child_care_needed": False},
    }
    answer = await records.caller("front_desk").put(path, body, etag=etag)
    assert answer.status_code == 200, answer.text


async def _screening(records: Records, client: str, n: int) -> None:
    body = {
        "occasion": "follow_up",
        "responses": responses(phq9=[n % 3] * 8 + [n % 2], gad7=[n % 4] * 7),
    }
    created(await records.caller("counselor").post(f"/clients/{client}/screenings", body))


async def _diagnosis(records: Records, client: str, n: int) -> None:
    body = {"code": ("F10.20", "F33.1", "F41.1")[n % 3], "status": "active"}
    created(await records.caller("counselor").post(f"/clients/{client}/diagnoses", body))


async def _risk(records: Records, client: str, n: int) -> None:
    body = {"pregnant": "no", "injects_drugs": ("yes", "no")[n % 2]}
    created(await records.caller("front_desk").post(f"/clients/{client}/risk-reports", body))


async def _consent(records: Records, client: str, n: int) -> None:
    form = ("treatment", "named_recipient", "contact_channels")[n % 3]
    body = signed(form)
    created(await records.caller("front_desk").post(f"/clients/{client}/consents", body))


async def _revocation(records: Records, client: str, n: int) -> None:
    """A consent that is given and taken back."""
    desk = records.caller("front_desk")
    form = ("named_recipient", "contact_channels")[n % 2]
    made = created(await desk.post(f"/clients/{client}/consents", signed(form)))
    path = f"/consents/{made['id']}/revocation"
    answer = await desk.post(path, {"how": "written"}, etag='"1"')
    assert answer.status_code == 200, answer.text


async def _coverage(records: Records, client: str, n: int) -> None:
    desk, first = records.caller("front_desk"), date(2026, 2, 1) + timedelta(days=5 * n)
    held = card(effective_from=str(first), effective_until=str(first + timedelta(days=4)))
    made = created(await desk.post(f"/clients/{client}/coverages", held))
    until = str(first + timedelta(days=50))
    body = grant(number=f"A-{n}", units_granted=100, valid_from=str(first), valid_until=until)
    created(await desk.post(f"/coverages/{made['id']}/authorizations", body))


async def _agreement(records: Records, client: str, n: int) -> None:
    body = {
        "household_size": n % 5 + 1,
        "yearly_income_cents": 1_500_000,
        "signed_on": "2026-02-23",
    }
    path = f"/clients/{client}/self-pay-agreements"
    created(await records.caller("front_desk").post(path, body))


async def _questionnaire(records: Records, client: str, n: int) -> None:
    body = {
        "occasion": "follow_up",
        "instruments": [{"instrument": ("phq-9", "gad-7")[n % 2], "version": "1.0"}],
    }
    created(await records.caller("front_desk").post(f"/clients/{client}/questionnaires", body))


async def _decision(records: Records, client: str, n: int) -> None:
    counselor = records.caller("counselor")
    body: dict[str, Any] = {"occasion": "intake", "responses": responses()}
    created(await counselor.post(f"/clients/{client}/screenings", body))
    path = f"/clients/{client}/level-of-care-determinations"
    made = created(await counselor.post(path, {"edition": "3", "ratings": rated(FITS_IOP)}))
    if n % 2:
        signing = f"/level-of-care-determinations/{made['id']}/signature"
        answer = await records.caller("clinical_lead").post(signing, {}, etag='"1"')
        assert answer.status_code == 200, answer.text


async def _sessions(records: Records, client: str, n: int) -> None:
    """A former stay with a seat, a session attended, and a message about it."""
    starts_at = datetime(2026, 2, 2, 18, tzinfo=MONDAY.tzinfo) + timedelta(days=3 * n)
    stay = Enrolled(f"step-{n}", SITE, id=UUID(client))
    session, cohort = UUID(int=1000 + records.minutes), UUID(int=1_000_000 + records.minutes)
    placement = uuid4()
    now = clock.now().isoformat()
    await records.system.execute_as_owner(
        "scheduling",
        f"""SET stepwell.sites = '*';
        INSERT INTO cohorts (id, site_id, name, track, capacity, dual_diagnosis_trained, created_at)
        VALUES ('{cohort}', '{SITE}', '{cohort}', 'general', 8, false, '{now}')
        ON CONFLICT DO NOTHING;
        INSERT INTO sessions (id, site_id, cohort_id, curriculum_id, starts_at, ends_at, time_zone,
          kind, topic, break_minutes) VALUES ('{session}', '{SITE}', '{cohort}', '{CURRICULUM}',
          '{starts_at.isoformat()}', '{(starts_at + timedelta(hours=3)).isoformat()}', '{ZONE}',
          'group', 'Coping skills', 15) ON CONFLICT DO NOTHING;
        INSERT INTO placements (id, site_id, client_id, enrolment_id, cohort_id, criteria,
          considered, placed_at, ended_at, end_reason) VALUES ('{placement}', '{SITE}', '{client}',
          '{stay.enrolment_id}', '{cohort}', '[]', '[]', '{now}', '{now}', 'stepped_down');
        INSERT INTO appointments (session_id, client_id, site_id, placement_id, state, scheduled_at)
        VALUES ('{session}', '{client}', '{SITE}', '{placement}', 'scheduled', '{now}');
        INSERT INTO attendance (id, session_id, client_id, site_id, status, attended_minutes,
          recorded_at) VALUES ('{uuid4()}', '{session}', '{client}', '{SITE}', 'present', 165,
          '{now}')""",
    )
    await records.system.execute_as_owner(
        "notifications",
        f"""SET stepwell.sites = '*';
        INSERT INTO notifications (id, site_id, client_id, session_id, kind, session_starts_at,
          site_time_zone, state, planned_at, due_at, next_at, expires_at, ended_at)
        VALUES ('{uuid4()}', '{SITE}', '{client}', '{session}', 'session_reminder',
          '{starts_at.isoformat()}', '{ZONE}', 'cancelled', '{now}', '{now}', '{now}', '{now}',
          '{now}')""",
    )
    attended = SessionAttended(
        client_id=UUID(client),
        site_id=SITE,
        session_id=session,
        cohort_id=cohort,
        starts_at=starts_at,
        scheduled_minutes=165,
        time_zone=ZONE,
        recorded_at=clock.now(),
        status="present",
        attended_minutes=165,
    )
    figures = engaged(stay, "missed", sequence=records.minutes)
    for event in (attended, stay.enrolment, figures, stay.changed("completed")):
        for name in ("intake", "outcomes"):
            if name == "outcomes" or event is attended:
                await records.apply(name, event, records.minutes)


STEPS: dict[str, Step] = {
    "contact": _contact,
    "identity": _identity,
    "preferences": _preferences,
    "screening": _screening,
    "diagnosis": _diagnosis,
    "risk": _risk,
    "consent": _consent,
    "revocation": _revocation,
    "coverage": _coverage,
    "agreement": _agreement,
    "questionnaire": _questionnaire,
    "decision": _decision,
    "sessions": _sessions,
}
"""What happens to a client, by name; the number says which of its kind."""
