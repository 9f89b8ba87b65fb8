"""Requests made from the OpenAPI documents of scheduling, notifications and outcomes find no
failure; intake, which has the most operations, has a test of its own."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.outcomes.board import live
from services.scheduling.placement.chart import waiting_at
from services.scheduling.placement.rules.values import Choice, Cohort
from services.scheduling.placement.seats import make_offers
from shared import clock
from shared.contracts.base import Event
from shared.database import ALL_SITES
from tests.support.alerts import Flag
from tests.support.directory import room, staff
from tests.support.flow import created
from tests.support.fuzzing import Fuzzing, callers, rows
from tests.support.notifications import DENVER_SITE, MONDAY_NOON, Client
from tests.support.outcomes import Outcomes, opened
from tests.support.scheduling import Clinic, Enrolled, open_clinic, registry_of, told
from tests.support.system import System

VALUES = {"week": "2026-W10", "from": "2026-03-02T00:00:00Z", "until": "2026-04-01T00:00:00Z"}
MARCH = {"from": "2026-03-01", "since": "2026-03-01", "until": "2026-04-01"}
OF_SERVICE = {"outcomes": MARCH | {"measure": "census"}}
KEY = "01a20e20-97d3-779f-8fac-673dd9f7f455"
DEAD_LETTER = f"""
INSERT INTO platform.dead_letters (consumer, stream, key, sequence, reason, detail, partition,
  record_offset, headers, payload, failed_at)
VALUES ('{{service}}', '{{service}}', '{KEY}', {2**63 - 1}, 'undecodable', 'a test', 0,
  0, '{{{{}}}}', '', '2026-03-02T00:00:00Z')
"""
"""A record that stays a dead letter however often it is retried."""
NEVER_BY_CHANCE = {
    "record_roll",
    "record_attendance",
    "retry_set_aside",
    "cancel_session",
    "cancel_sessions",
    "change_session_time",
    "change_session_staff",
    "change_session_room",
    "record_check_in",
    "record_check_out",
    "add_pass",
    "record_telehealth_join",
    "record_kiosk_check_in",
    "record_kiosk_check_out",
    "add_staff_member",
    "change_staff_member",
    "change_opening_hours",
    "book_session",
    "list_slots",
    "show_calendar",
    "confirm_placement",
    "change_therapist",
    "add_plan_run",
    "add_policy_replay",
    "show_policy_replay",
    "list_replayed_stays",
    "receive_substance_use_report",
    "record_risk_acknowledgement",
    "close_risk",
    "show_plan",
    "publish_plan",
    "open_seat_offer",
    "record_seat_acceptance",
    "add_seat_offer_link",
    "show_own_seat_offer",
    "decide_own_seat_offer",
    "hold_partner_seat",
    "complete_step_up_request",
    "add_extract",
    "show_extract",
    "get_extract_file",
    "add_follow_up_link",
    "close_follow_up",
    "show_follow_up",
    "enter_follow_up_answers",
    "enter_own_follow_up",
    "show_own_follow_up",
    "decide_recommendation",
    "change_escalation_contacts",
    "show_measure_completion",
    "show_staff_task",
    "record_task_acknowledgement",
    "record_delivery_report",
    "receive_reply",
    "record_bounce",
    "record_unsubscribing",
    "retry_undelivered_message",
    "remove_undelivered_message",
}
"""A roll names each client of the session once, which no made-up request does. Nothing here is set
aside to be retried. Sessions here are too long ago to be changed, cancelled or checked in at:
those that were cancelled could not be attended any more in the same run. Nobody guesses a code,
a link, the secret of a calendar or of a mail, or the signature of a provider; and nothing that
was given up lies there. People of the staff and plans name sites of ours in a list,
clients of a booking are a list as well, and the version of a site goes on whenever anything of
it is changed. Free times are searched in times to come. By the policy there nothing is left to
a person to confirm; no plan is drafted, as no worker runs; nobody waits beside a free seat that
fits, all offers may be declined before a link is asked for, and one seat of a partner is held
for a client."""
VALUES |= {"figure": "waiting"}
VALUES |= {"starts_on": "2026-03-09", "date": "2026-03-02", "year": "2027", "day": "2027-12-25"}


async def scheduling(system: System) -> UUID:
    """A site with cohorts, sessions, seats, a client who waits, and attendance."""
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        await directory(clinic, site)
        cohort = await clinic.cohort(site)
        await clinic.cohort(site, "Morning", capacity=4)
        await clinic.curriculum(cohort, weeks=6)
        seated = [Enrolled(name, site) for name in ("ana", "ben")]
        waiting = [Enrolled(name, site, dual_diagnosis=True) for name in ("cleo", "dora", "eve")]
        for client in (*seated, *waiting):
            await clinic.tell(client.enrolment)
        slot = {"partner": "Elm House", "level": "2.5", "region_id": None, "seats": 4}
        created(await clinic.regional.post("/partner-slots", slot))
        lead = clinic.system.client("scheduling", "clinical_lead", [site])
        ask = {"client_id": str(seated[0].id), "site_id": str(site), "level": "2.5"}
        created(await lead.post("/step-up-requests", ask))
        session, *_ = await clinic.sessions(cohort)
        at_site = {"site_id": str(site), "language": "en"}
        for _ in range(3):
            await room(clinic, site, name := f"Room {uuid4()}")
            link = {**at_site, "staff_id": str(await staff(clinic, site, name))}
            created(await clinic.desk.post("/calendar-links", link))
        clinic.at(MONDAY_NOON)
        closed = {"first_day": "2026-07-06", "last_day": "2026-07-06", "reason": "weather"}
        created(await clinic.regional.post("/site-closures", {"site_id": str(site), **closed}))
        week = {"site_ids": [str(site)], "week": "2026-W30"}
        created(await clinic.regional.post("/plan-runs", week))
        async with clinic.database.transaction(ALL_SITES) as tx:
            arrivals = await waiting_at(tx, {site: None})
            choice = Choice(Cohort(cohort, "general", None, 10, 0), (), ())
            await make_offers(tx, [(one, choice) for one in arrivals])
        body = {"client_id": str(seated[0].id), "status": "present"}
        created(await clinic.desk.post(f"/sessions/{session['id']}/attendance", body))
    return site


async def directory(clinic: Clinic, site: UUID) -> None:
    """A region, a closed day, a room, and a person who is to be on leave."""
    post, here = clinic.regional.post, str(site)
    place = {"name": "Cedar Ridge", "time_zone": "America/Denver", "subdivision": "US-CO"}
    assert (await clinic.regional.put(f"/sites/{site}", place, etag='"1"')).status_code == 200
    created(await post("/regions", {"name": "Front Range"}))
    day = {"day": VALUES["day"], "name": "Christmas", "kind": "holiday"}
    created(await post(f"/sites/{site}/closed-days", {"days": [day]}))
    created(await post("/rooms", {"site_id": here, "name": "A", "kind": "room", "capacity": 9}))
    person = {"name": "Rosa", "home_site_id": here, "site_ids": [here]}
    rosa = created(await post("/staff", person))
    leave = {"starts": "2031-01-01", "ends": "2031-01-02"}
    created(await post(f"/staff/{rosa['id']}/leave", leave))


async def notifications(system: System) -> UUID:
    """Clients with messages to come and a missed session; staff with an alert."""
    system.set_clock(MONDAY_NOON)
    await system.start("notifications", roles=("api",))
    manager = system.client("notifications", "site_manager", [DENVER_SITE])
    address = f"/sites/{DENVER_SITE}/escalation-contacts"
    client, flag = Client("ana"), Flag()
    early, late = MONDAY_NOON - timedelta(hours=3), MONDAY_NOON + timedelta(days=3)
    await tell(system, "notifications", client.details())
    await tell(system, "notifications", client.expected(late))
    await tell(system, "notifications", client.missed(early))
    contacts = {"on_duty": ["duty@example.test"], "steps": [{"addresses": ["lead@example.test"]}]}
    assert (await manager.put(address, contacts, etag='"0"')).status_code == 200
    await tell(system, "notifications", flag.raised())
    return DENVER_SITE


async def outcomes(system: System) -> UUID:
    """Clients with figures, one with a recommendation that is open and one with a decided one."""
    system.exits.callback(setattr, live, "LONGEST_SECONDS", live.LONGEST_SECONDS)
    live.LONGEST_SECONDS = 0.2  # else whoever follows the board reads for an hour
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        made = Outcomes(system, database, system.client("outcomes", "clinical_lead"))
        ana = await made.recommend("ana")
        path = f"/clients/{ana['client_id']}"
        used = {"source": "client", "used_on": str(clock.now().date()), "finding": "use"}
        assert (await made.lead.post(f"{path}/substance-use-reports", used)).is_success
        goal = {"kind": "phase", "goal": "relapse_prevention_plan"}
        assert (await made.lead.post(f"{path}/goals", goal)).is_success
        known = await made.recommend("ben")
        answer = {"decision": "accept", "reason": "agrees_with_recommendation"}
        assert (await made.decide(known, answer)).status_code == 200
    return UUID(known["site_id"])


async def tell(system: System, service: str, *events: Event) -> None:
    """Apply events of others of one type, as the consumer does."""
    async with opened(system, service) as database, database.transaction(ALL_SITES) as tx:
        await registry_of(service).handle(tx, events[0].type_name(), told(*events))


CASES: dict[str, tuple[Callable[[System], Awaitable[UUID]], dict[str, str]]] = {
    "scheduling": (
        scheduling,
        {
            "site_id": "sites",
            "home_site_id": "sites",
            "region_id": "regions",
            "room_id": "rooms",
            "staff_id": "staff",
            "leave_id": "staff_leave",
            "cohort_id": "cohorts",
            "curriculum_id": "curricula",
            "session_id": "sessions",
            "closure_id": "site_closures",
            "run_id": "plan_runs",
            "placement_id": "placements",
            "attendance_id": "attendance",
            "client_id": "placements",
            "therapist_id": "staff",
            "facilitator_id": "staff",
            "link_id": "calendar_links",
            "offer_id": "seat_offers",
            "waiting_id": "waitlist",
            "slot_id": "partner_slots",
            "request_id": "partner_holds",
        },
    ),
    "notifications": (
        notifications,
        {"notification_id": "notifications", "client_id": "notifications"},
    ),
    "outcomes": (
        outcomes,
        {
            "recommendation_id": "recommendations",
            "client_id": "recommendations",
            "goal_id": "goals",
            "risk_id": "risks",
        },
    ),
}


@pytest.mark.parametrize("service", CASES)
async def test_no_request_is_answered_in_another_way_than_is_documented(
    system: System, tmp_path: Path, service: str
) -> None:
    prepare, tables = CASES[service]
    site = await prepare(system)
    ids = await rows(system, service, tables)
    for name, found in ids.items():
        if name == "client_id":
            ids[name] = [(str(client), str(client)) for _, client in found]
    ids.setdefault("site_id", [(str(site), None)])
    by_operation = callers(system, service, site)
    values = (
        VALUES | OF_SERVICE.get(service, {}) | {"topic": service, "stream": service, "key": KEY}
    )
    await system.execute_as_owner(service, DEAD_LETTER.format(service=service))
    fuzzing = Fuzzing(system, service, tmp_path, by_operation, ids, values)
    failed = await fuzzing.failures_measured()

    told = await fuzzing.run(*os.environ.get("FUZZ", "").split())
    assert not told, told

    assert {a.operation for a in fuzzing.answers} == by_operation.keys()
    assert await fuzzing.failures_measured() == failed
    succeeded = {a.operation for a in fuzzing.answers if a.status < 300}
    assert sorted(by_operation.keys() - succeeded - NEVER_BY_CHANCE) == []
    refused = {a.trace for a in fuzzing.answers if a.status >= 400}
    assert refused & await fuzzing.traces_of_events() == set()
