"""From figures and scores to one explained recommendation, and what a clinician makes of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from services.outcomes.service import service
from shared import clock
from shared.contracts.base import Event
from shared.contracts.intake import ScreeningCompleted
from shared.contracts.outcomes import EngagementChanged, StepDownDecided, StepDownRecommended
from shared.database import ALL_SITES, Database
from shared.messaging.envelope import Received, headers_of
from shared.messaging.handlers import Registry
from shared.messaging.outbox import publish
from tests.conftest import MONDAY
from tests.support.attendance import SITE, Published, from_scratch, outcome
from tests.support.scheduling import CAUSE, Enrolled, refused
from tests.support.system import Client, System

ACCEPT = {"decision": "accept", "reason": "agrees_with_recommendation"}
DECLINE = {"decision": "decline", "reason": "clinical_judgement"}
COMPLETE = {"instrument_version": "1.0", "status": "complete", "band": None, "positive": None}


def sessions(client: Enrolled, latest: str, sequence: int) -> list[Published]:
    """Eight sessions attended in three weeks, and the latest, attended or missed."""
    attended = [outcome(client.id, 8 * n, "attended", sequence=n + 1) for n in range(8)]
    return [*attended, outcome(client.id, 64, latest, sequence=sequence)]


def engaged(client: Enrolled, latest: str = "attended", sequence: int = 9) -> EngagementChanged:
    return from_scratch(sessions(client, latest, sequence))


def screened(client: Enrolled, phq9: int = 6) -> ScreeningCompleted:
    scores = [
        {**COMPLETE, "instrument": "phq-9", "total": phq9, "safety_item": "negative"},
        {**COMPLETE, "instrument": "gad-7", "total": 5},
    ]
    made = {"screening_id": uuid4(), "occasion": "follow_up", "completed_at": clock.now()}
    return ScreeningCompleted.model_validate(
        {"client_id": client.id, "site_id": client.site_id, "scores": scores, **made}
    )


@dataclass
class Outcomes:
    """One test's outcomes service; events of others are told directly, not over Kafka."""

    system: System
    database: Database
    lead: Client

    async def tell(self, *events: Event) -> None:
        """Apply events of one type in one transaction."""
        received: list[Received[Any]] = [
            Received(e, str(uuid4()), "/t", e.type_name(), e.stream, e.key, 1, clock.now(), CAUSE)
            for e in events
        ]
        async with self.database.transaction(ALL_SITES) as tx:
            await Registry("outcomes", service.consumers).handle(
                tx, events[0].type_name(), received
            )

    async def recommend(self, name: str = "ana") -> dict[str, Any]:
        """The recommendation for a client who is enrolled and does well."""
        client = Enrolled(name, SITE)
        for event in (client.enrolment, screened(client), engaged(client)):
            await self.tell(event)
        (known,) = await self.listed(client_id=str(client.id))
        return known

    async def listed(self, **wanted: Any) -> list[dict[str, Any]]:
        return list((await self.lead.get("/recommendations", **wanted)).json()["items"])

    async def decide(self, known: dict[str, Any], body: dict[str, str]) -> httpx.Response:
        path = f"/recommendations/{known['id']}/decision"
        return await self.lead.post(path, body, etag=f'"{known["version"]}"')

    async def published(self) -> list[str]:
        return [name for _, _, name in await self.system.published("outcomes")]

    async def progress(self, client: Enrolled) -> dict[str, Any]:
        return dict((await self.lead.get(f"/clients/{client.id}/progress")).json())


@contextlib.asynccontextmanager
async def opened(system: System, name: str) -> AsyncIterator[Database]:
    database = Database(system.databases[name])
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))


async def publish_from(system: System, name: str, *events: Event) -> None:
    async with opened(system, name) as database, database.transaction(ALL_SITES) as tx:
        for event in events:
            publish(tx, event)


async def tell_figures(system: System, *figures: EngagementChanged) -> None:
    """Put figures on their topic, as the engagement worker does."""
    producer = AIOKafkaProducer(**system.settings("outcomes").kafka_client)
    await producer.start()
    topic = f"{system.prefix}stepwell.engagement"
    for one in figures:
        named: dict[str, Any] = {"stream": one.stream, "key": one.key, "type": one.type_name()}
        named |= {"dataschema": one.schema_name(), "event_id": "-", "occurred_at": MONDAY}
        headers = headers_of(sequence=None, traceparent=None, **named)
        payload = one.model_dump_json().encode()
        await producer.send_and_wait(topic, payload, key=one.key.encode(), headers=headers)
    await producer.stop()


async def test_events_of_three_services_lead_to_one_recommendation(system: System) -> None:
    ana = Enrolled("ana", SITE)
    for name in ("intake", "scheduling", "outcomes"):
        await system.start(name, roles=("worker",))
    await publish_from(system, "scheduling", *(s.event for s in sessions(ana, "attended", 9)))
    await publish_from(system, "intake", ana.enrolment, screened(ana))
    await tell_figures(system, engaged(ana), engaged(ana), engaged(ana, sequence=10))
    await system.until("outcomes", "SELECT attendance_sequence FROM engagement", is_=9)
    await system.until("outcomes", "SELECT source_sequence FROM engagement", is_=10)
    reached = "SELECT sequence FROM platform.positions WHERE stream = 'intake'"
    await system.until("outcomes", reached, is_=2)
    assert await system.published("outcomes") == [(str(ana.id), 1, "StepDownRecommended")]
    (row,) = await system.fetch("outcomes", "SELECT payload FROM platform.journal")
    event = StepDownRecommended.model_validate_json(row["payload"])
    assert (event.enrolment_id, event.policy.id) == (ana.enrolment_id, "step-down-2.1-to-1.5")
    assert {one.name: (one.met, one.observed) for one in event.criteria} == {
        "weeks_observed": (True, "3 weeks"),
        "attendance_rate": (True, "100.0 % (9 of 9 sessions)"),
        "no_recent_miss": (True, "0 missed in a row"),
        "phq_9": (True, "6 (complete, 0 days old), safety item negative"),
        "gad_7": (True, "5 (complete, 0 days old)"),
    }


async def test_the_order_in_which_facts_arrive_makes_no_difference(outcomes: Outcomes) -> None:
    for order in permutations(range(3)):
        client = Enrolled("ana", SITE)
        facts = (client.enrolment, screened(client), engaged(client))
        for fact in order:
            assert await outcomes.listed(client_id=str(client.id)) == []
            await outcomes.tell(facts[fact])
        (known,) = await outcomes.listed(client_id=str(client.id))
        assert (known["state"], known["enrolment_id"]) == ("open", str(client.enrolment_id))


async def test_figures_that_come_late_change_nothing(outcomes: Outcomes) -> None:
    for together in (False, True):
        ana = Enrolled("ana", SITE)
        await outcomes.tell(ana.enrolment)
        await outcomes.tell(screened(ana))
        figures = [engaged(ana, "missed", 10), engaged(ana)]
        for part in [figures] if together else [[one] for one in figures]:
            await outcomes.tell(*part)
        shown = (await outcomes.progress(ana))["engagement"]
        assert (shown["source_sequence"], shown["sessions_missed"]) == (10, 1)
    assert await outcomes.published() == []


async def test_a_recommendation_comes_again_only_after_the_pause(outcomes: Outcomes) -> None:
    first = await outcomes.recommend()
    ana = Enrolled("ana", SITE, id=UUID(first["client_id"]))
    await outcomes.tell(engaged(ana, sequence=11))
    assert await outcomes.listed() == [first]
    assert (await outcomes.decide(first, DECLINE)).status_code == 200
    for later, known in ((timedelta(days=7, seconds=-1), 1), (timedelta(days=7), 2)):
        outcomes.system.set_clock(MONDAY + later)
        await outcomes.tell(screened(ana))
        assert len(await outcomes.listed()) == known
    (second,) = await outcomes.listed(state="open")
    assert (await outcomes.decide(second, ACCEPT)).status_code == 200
    outcomes.system.set_clock(MONDAY + timedelta(days=30))
    await outcomes.tell(screened(ana))
    assert len(await outcomes.listed()) == 2


@pytest.mark.parametrize(("body", "state"), [(ACCEPT, "accepted"), (DECLINE, "declined")])
async def test_a_decision_is_kept_and_told(
    outcomes: Outcomes, body: dict[str, str], state: str
) -> None:
    known = await outcomes.recommend()
    answer = await outcomes.decide(known, body)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    decided = {"state": state, "decided_at": "2026-02-23T14:00:00Z", "version": 2}
    assert await outcomes.listed() == [answer.json()]
    assert answer.json() == {**known, **decided, "reason": body["reason"]}
    rows = await outcomes.system.fetch(
        "outcomes", "SELECT payload FROM platform.outbox ORDER BY id"
    )
    event = StepDownDecided.model_validate_json(rows[1]["payload"])
    assert (str(event.recommendation_id), str(event.client_id)) == (known["id"], known["client_id"])
    assert (event.decision, event.reason) == (body["decision"], body["reason"])


async def test_a_decision_that_is_refused_changes_and_tells_nothing(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    path = f"/recommendations/{known['id']}/decision"
    refused(await outcomes.lead.post(path, ACCEPT), 428, "precondition-required")
    refused(await outcomes.lead.post(path, ACCEPT, etag='"2"'), 412, "stale-version")
    for field, value in (("note", "-"), ("reason", "tired"), ("decision", "wait")):
        answer = await outcomes.decide(known, {**ACCEPT, field: value})
        refused(answer, 422, "invalid-request", f"/{field}")
    refused(await outcomes.decide({**known, "id": uuid4()}, ACCEPT), 404, "not-found")
    elsewhere = outcomes.system.client("outcomes", "clinical_lead", [uuid4()])
    refused(await elsewhere.post(path, ACCEPT, etag='"1"'), 404, "not-found")
    for role in ("front_desk", "counselor", "site_manager", "regional_operations", "auditor"):
        caller = outcomes.system.client("outcomes", role, [SITE])
        refused(await caller.post(path, ACCEPT, etag='"1"'), 403, "forbidden")
    assert await outcomes.listed() == [known]
    assert await outcomes.published() == ["StepDownRecommended"]


async def test_of_two_who_decide_at_once_one_wins(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    async with outcomes.database.transaction(ALL_SITES) as tx:
        await tx.fetch("SELECT FROM recommendations FOR UPDATE")
        both = asyncio.gather(*(outcomes.decide(known, body) for body in (ACCEPT, DECLINE)))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await outcomes.system.until("outcomes", waiting, is_=2)
    won, lost = sorted(await both, key=lambda answer: answer.status_code)
    assert won.status_code == 200
    for answer in (lost, await outcomes.decide(won.json(), DECLINE)):
        refused(answer, 409, "already-decided")
    assert await outcomes.listed() == [won.json()]
    assert await outcomes.published() == ["StepDownRecommended", "StepDownDecided"]


async def test_a_step_down_ends_the_episode(outcomes: Outcomes) -> None:
    ana = Enrolled("ana", SITE)
    for event in (ana.enrolment, ana.step_down, screened(ana), engaged(ana)):
        await outcomes.tell(event)
    shown = await outcomes.progress(ana)
    assert (shown["ended_at"], shown["criteria"]) == ("2026-02-23T14:00:00Z", [])
    assert shown["recommended"] is False
    assert await outcomes.published() == []


async def test_progress_says_what_is_missing_as_of_now(outcomes: Outcomes) -> None:
    ana = Enrolled("ana", SITE)
    steps: list[tuple[Event, set[str]]] = [
        (ana.enrolment, {"no session yet", "never measured"}),
        (screened(ana, 10), {"no session yet", "10 (complete, 0 days old), safety item negative"}),
        (engaged(ana), {"10 (complete, 0 days old), safety item negative"}),
    ]
    for event, missing in steps:
        await outcomes.tell(event)
        shown = await outcomes.progress(ana)
        assert {c["observed"] for c in shown["criteria"] if not c["met"]} == missing
        assert shown["recommended"] is False
    outcomes.system.set_clock(MONDAY + timedelta(days=1))
    await outcomes.tell(screened(ana))
    assert (await outcomes.progress(ana))["recommended"] is True
    outcomes.system.set_clock(MONDAY + timedelta(days=16))
    shown = await outcomes.progress(ana)
    assert [c["name"] for c in shown["criteria"] if not c["met"]] == ["phq_9", "gad_7"]


async def test_progress_is_not_for_everybody(outcomes: Outcomes) -> None:
    client = (await outcomes.recommend())["client_id"]
    for role, sites, status in (
        *(
            (role, [SITE], 200)
            for role in ("counselor", "clinical_lead", "site_manager", "auditor")
        ),
        *((role, [SITE], 403) for role in ("front_desk", "regional_operations", "service")),
        ("counselor", [uuid4()], 404),
    ):
        caller = outcomes.system.client("outcomes", role, sites)
        assert (await caller.get(f"/clients/{client}/progress")).status_code == status
    assert (await outcomes.lead.get(f"/clients/{uuid4()}/progress")).status_code == 404


async def test_recommendations_are_listed_in_pages_oldest_first(outcomes: Outcomes) -> None:
    known = []
    for number, name in enumerate(("ana", "ben", "cleo")):
        outcomes.system.set_clock(MONDAY + timedelta(minutes=number))
        known.append(await outcomes.recommend(name))
    ana, ben, cleo = known
    first = (await outcomes.lead.get("/recommendations", limit=2)).json()
    assert first["items"] == [ana, ben]
    rest = (await outcomes.lead.get("/recommendations", limit=2, cursor=first["next"])).json()
    assert rest == {"items": [cleo], "next": None}
    declined = (await outcomes.decide(ben, DECLINE)).json()
    assert await outcomes.listed(state="declined") == [declined]
    assert await outcomes.listed(state="open") == [ana, cleo]
    assert await outcomes.listed(client_id=cleo["client_id"]) == [cleo]
    elsewhere = outcomes.system.client("outcomes", "counselor", [uuid4()])
    assert (await elsewhere.get("/recommendations")).json()["items"] == []
    refused(await outcomes.lead.get("/recommendations", state="-"), 422, "invalid-request")
