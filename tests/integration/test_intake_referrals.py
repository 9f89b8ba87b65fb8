"""Referrals over HTTP: who referred, what became of it, attempts to reach people."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from services.intake.referrals.commands import advance
from stepwell.runtime.state import PROJECT
from tests.conftest import MONDAY
from tests.support.flow import Intake, created, person, problem

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
MIGRATION = PROJECT / "services/intake/migrations/0004_referrals.sql"
FACILITY = {
    "kind": "facility",
    "facility": "Facility 01",
    "planned_discharge_on": "2026-03-02",
    "level_of_care": "3.5",
    "medication_treatment": {"medication": "buprenorphine", "prescriber_known": False},
}


async def refer(intake: Intake, **changed: object) -> httpx.Response:
    desk = intake.system.client("intake", "front_desk", [SITE])
    body = {
        "site_id": str(SITE),
        "source": "self",
        "person": person(),
        "contact": {"channel": "log"},
    }
    return await desk.post("/referrals", body | changed)


async def told(intake: Intake, name: str) -> list[dict[str, Any]]:
    rows = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8') AS payload FROM platform.journal"
        " WHERE type LIKE $1 ORDER BY key, sequence",
        f"%.{name}.v1",
    )
    return [orjson.loads(row["payload"]) for row in rows]


async def test_a_facility_refers_with_what_it_tells_and_nothing_of_it_leaves_intake(
    intake: Intake,
):
    made = created(await refer(intake, source="residential", details=FACILITY))
    assert (made["source"], made["state"], made["version"]) == ("residential", "received", 1)
    desk = intake.system.client("intake", "front_desk", [SITE])
    shown = await desk.get(f"/referrals/{made['id']}")
    assert shown.json() == made
    assert shown.headers["etag"] == '"1"'
    assert made["details"] == FACILITY
    (event,) = await told(intake, "ReferralReceived")
    assert (event["source"], event["referrer"]) == ("residential", "residential")
    assert "Facility" not in str(event)


@pytest.mark.parametrize(
    ("source", "group"), [("inpatient", "hospital"), ("physician", "provider"), ("family", "other")]
)
async def test_events_name_the_referrer_and_the_former_group(
    intake: Intake, source: str, group: str
):
    created(await refer(intake, source=source))
    (event,) = await told(intake, "ReferralReceived")
    assert (event["source"], event["referrer"]) == (group, source)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"source": "hospital"}, (422, "invalid-request", "/source")),
        ({"details": FACILITY}, (422, "details-do-not-belong", "/details/kind")),
        (
            {"source": "court", "details": FACILITY},
            (422, "details-do-not-belong", "/details/kind"),
        ),
        (
            {"source": "inpatient", "details": FACILITY | {"planned_discharge_on": "2027-02-26"}},
            (422, "impossible-discharge", "/details/planned_discharge_on"),
        ),
        (
            {"site_id": str(OTHER_SITE)},
            (404, "not-found", "/site_id"),
        ),
    ],
)
async def test_a_referral_that_cannot_be_is_refused_and_leaves_nothing(
    intake: Intake, changed: dict[str, Any], found: tuple[int, str, str]
):
    assert problem(await refer(intake, **changed)) == found
    for table in ("clients", "contacts", "referrals", "match_keys"):
        assert await intake.system.fetch("intake", f"SELECT FROM {table}") == []
    assert await intake.system.published("intake") == []


async def test_a_referral_ends_with_a_reason_that_fits_and_stays_ended(intake: Intake):
    made = created(await refer(intake))
    lead = intake.system.client("intake", "clinical_lead", [SITE])
    path = f"/referrals/{made['id']}/state"
    for body, pointer in (
        ({"state": "redirected"}, "/reason"),
        ({"state": "redirected", "reason": "died"}, "/reason"),
        ({"state": "contacted", "reason": "unreachable"}, "/reason"),
    ):
        refused = await lead.post(path, body, etag='"1"')
        assert problem(refused) == (422, "reason-does-not-fit", pointer)
    assert (await lead.post(path, {"state": "accepted"}, etag='"1"')).status_code == 422
    assert (await lead.post(path, {"state": "contacted"})).status_code == 428
    assert await told(intake, "ReferralStateChanged") == []

    contacted = await lead.post(path, {"state": "contacted"}, etag='"1"')
    assert (contacted.status_code, contacted.headers["etag"]) == (200, '"2"')
    stale = await lead.post(path, {"state": "contacted"}, etag='"1"')
    assert problem(stale)[:2] == (412, "stale-version")
    again = await lead.post(path, {"state": "contacted"}, etag='"2"')
    assert problem(again) == (409, "impossible-state-change", "/state")
    ended = await lead.post(
        path, {"state": "redirected", "reason": "higher_level_needed"}, etag='"2"'
    )
    assert ended.json()["ended_at"] == "2026-02-23T14:00:00Z"
    assert (await lead.get(f"/referrals/{made['id']}")).json() == ended.json()
    late = await lead.post(path, {"state": "lost", "reason": "unreachable"}, etag='"3"')
    assert problem(late) == (409, "impossible-state-change", "/state")
    assert [
        (e["from_state"], e["to_state"], e["reason"])
        for e in await told(intake, "ReferralStateChanged")
    ] == [
        ("received", "contacted", None),
        ("contacted", "redirected", "higher_level_needed"),
    ]


async def test_what_is_done_for_a_client_brings_the_referral_forward(intake: Intake):
    made = created(await refer(intake))
    client = UUID(made["client_id"])
    for happening in ("screened", "reached", "screened", "assessed", "enrolled", "screened"):
        async with intake.transaction() as tx:
            await advance(tx, client, happening)  # type: ignore[arg-type]
    assert [
        (e["from_state"], e["to_state"]) for e in await told(intake, "ReferralStateChanged")
    ] == [("received", "screening"), ("screening", "assessed"), ("assessed", "accepted")]
    (row,) = await intake.system.fetch(
        "intake", "SELECT state, ended_at, first_screened_on::text, version FROM referrals"
    )
    assert dict(row) == {
        "state": "accepted",
        "ended_at": MONDAY,
        "first_screened_on": "2026-02-23",
        "version": 4,
    }


async def test_nothing_happens_where_no_referral_is_open(intake: Intake):
    async with intake.transaction() as tx:
        await advance(tx, uuid4(), "screened")
    assert await intake.system.published("intake") == []


async def test_a_client_is_referred_again_when_the_former_referral_has_ended(intake: Intake):
    first = created(await refer(intake))
    desk = intake.system.client("intake", "front_desk", [SITE])
    path = f"/clients/{first['client_id']}/referrals"
    refused = await desk.post(path, {"source": "court"})
    assert problem(refused) == (409, "referral-open", None)
    await desk.post(
        f"/referrals/{first['id']}/state", {"state": "lost", "reason": "unreachable"}, etag='"1"'
    )
    intake.system.set_clock(MONDAY + timedelta(days=1))
    court = {"kind": "court", "legal_status": "probation_or_parole"}
    again = await desk.post(path, {"source": "court", "details": court}, key="once")
    second = created(again)
    assert again.headers["location"] == f"/referrals/{second['id']}"
    assert (await desk.post(path, {"source": "court", "details": court}, key="once")).json() == (
        second
    )
    assert (second["client_id"], second["details"]) == (first["client_id"], court)
    listed = (await desk.get(path)).json()["items"]
    assert [one["state"] for one in listed] == ["lost", "received"]
    under_way = (await desk.get("/referrals", site_id=str(SITE))).json()["items"]
    assert [one["id"] for one in under_way] == [second["id"]]
    assert len(await told(intake, "ReferralReceived")) == 2


async def test_of_two_referrals_at_the_same_time_one_is_taken(intake: Intake):
    first = created(await refer(intake))
    desk = intake.system.client("intake", "front_desk", [SITE])
    await desk.post(
        f"/referrals/{first['id']}/state", {"state": "lost", "reason": "unreachable"}, etag='"1"'
    )
    path = f"/clients/{first['client_id']}/referrals"
    answers = await asyncio.gather(*(desk.post(path, {"source": "family"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_who_is_in_the_program_is_not_referred_to_it(intake: Intake):
    client = await intake.refer()
    await intake.screen(client)
    created(await intake.enrol(client, await intake.determine(client)))
    async with intake.transaction() as tx:
        await advance(tx, UUID(client), "enrolled")
    desk = intake.system.client("intake", "front_desk", [SITE])
    refused = await desk.post(f"/clients/{client}/referrals", {"source": "self"})
    assert problem(refused) == (409, "client-in-program", None)


async def test_a_discharge_that_was_moved_moves_the_clock(intake: Intake):
    made = created(await refer(intake, source="residential", details=FACILITY))
    desk = intake.system.client("intake", "front_desk", [SITE])
    path, clock = f"/referrals/{made['id']}/details", f"/referrals/{made['id']}/clock"
    shown = (await desk.get(clock)).json()
    assert (shown["starts_on"], shown["starts_by"]) == ("2026-03-02", "discharge")
    later = FACILITY | {"planned_discharge_on": "2026-03-10"}
    changed = await desk.put(path, {"details": later}, etag='"1"')
    assert (changed.status_code, changed.json()["details"]) == (200, later)
    shown = (await desk.get(clock)).json()
    assert shown["starts_on"] == "2026-03-10"
    assert shown["first_service"]["last_day"] == "2026-03-23"
    wrong = await desk.put(path, {"details": {"kind": "employer"}}, etag='"2"')
    assert wrong.status_code == 422
    none = await desk.put(path, {"details": None}, etag='"2"')
    assert none.json()["details"] is None
    shown = (await desk.get(clock)).json()
    assert (shown["starts_on"], shown["starts_by"]) == ("2026-02-23", "referral")
    ended = {"state": "lost", "reason": "unreachable"}
    await desk.post(f"/referrals/{made['id']}/state", ended, etag='"3"')
    refused = await desk.put(path, {"details": later}, etag='"4"')
    assert problem(refused)[:2] == (409, "referral-ended")


async def test_an_attempt_that_reached_the_person_is_told_once(intake: Intake):
    made = created(await refer(intake))
    desk = intake.system.client("intake", "front_desk", [SITE], subject="desk-3")
    path = f"/referrals/{made['id']}/contact-attempts"
    attempt = {"channel": "voice", "attempted_at": "2026-02-23T15:30:00Z"}
    for n, outcome in enumerate(("no_answer", "left_message", "reached", "reached")):
        intake.system.set_clock(MONDAY + timedelta(hours=2, seconds=n))
        created(await desk.post(path, attempt | {"outcome": outcome, "note": "After six."}))
    page = (await desk.get(path, limit=3)).json()
    assert [one["outcome"] for one in page["items"]] == ["no_answer", "left_message", "reached"]
    assert {one["attempted_by"] for one in page["items"]} == {"desk-3"}
    rest = (await desk.get(path, cursor=page["next"])).json()
    assert [one["outcome"] for one in rest["items"]] == ["reached"]
    (event,) = await told(intake, "ReferralStateChanged")
    assert (event["from_state"], event["to_state"]) == ("received", "contacted")
    assert "six" not in str(event)


@pytest.mark.parametrize(
    ("changed", "kind", "pointer"),
    [
        ({"attempted_at": "2026-02-23T14:00:01Z"}, "untimely-attempt", "/attempted_at"),
        ({"attempted_at": "2026-02-23T13:59:59Z"}, "untimely-attempt", "/attempted_at"),
        ({"outcome": "busy"}, "invalid-request", "/outcome"),
        ({"channel": "pigeon"}, "invalid-request", "/channel"),
        ({"note": "x" * 501}, "invalid-request", "/note"),
    ],
)
async def test_an_attempt_that_cannot_be_is_refused_and_leaves_nothing(
    intake: Intake, changed: dict[str, Any], kind: str, pointer: str
):
    made = created(await refer(intake))
    desk = intake.system.client("intake", "front_desk", [SITE])
    attempt = {"channel": "sms", "outcome": "reached", "attempted_at": "2026-02-23T14:00:00Z"}
    path = f"/referrals/{made['id']}/contact-attempts"
    assert problem(await desk.post(path, attempt | changed)) == (422, kind, pointer)
    assert (await desk.get(path)).json()["items"] == []
    assert await told(intake, "ReferralStateChanged") == []


async def test_nobody_is_to_be_reached_for_a_referral_that_ended(intake: Intake):
    made = created(await refer(intake))
    desk = intake.system.client("intake", "front_desk", [SITE])
    ended = {"state": "declined", "reason": "no_longer_interested"}
    await desk.post(f"/referrals/{made['id']}/state", ended, etag='"1"')
    attempt = {"channel": "sms", "outcome": "reached", "attempted_at": "2026-02-23T14:00:00Z"}
    refused = await desk.post(f"/referrals/{made['id']}/contact-attempts", attempt)
    assert problem(refused) == (409, "referral-ended", None)


async def test_referrals_of_other_sites_do_not_exist(intake: Intake):
    made = created(await refer(intake))
    stranger = intake.system.client("intake", "clinical_lead", [OTHER_SITE])
    base = f"/referrals/{made['id']}"
    for path in (base, f"{base}/clock", f"{base}/contact-attempts"):
        assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get("/referrals")).json()["items"] == []
    attempt = {"channel": "sms", "outcome": "reached", "attempted_at": "2026-02-23T14:00:00Z"}
    for answer in (
        await stranger.post(f"{base}/state", {"state": "contacted"}, etag='"1"'),
        await stranger.put(f"{base}/details", {"details": None}, etag='"1"'),
        await stranger.post(f"{base}/contact-attempts", attempt),
        await stranger.post(f"/clients/{made['client_id']}/referrals", {"source": "self"}),
        await stranger.get(f"/clients/{made['client_id']}/referrals"),
    ):
        assert answer.status_code == 404


async def test_referrals_from_before_are_brought_as_far_as_their_clients_have_come(
    working_intake: Intake,
):
    clients = {"hospital": await working_intake.refer()}
    clients["provider"] = await working_intake.refer()
    await working_intake.screen(clients["provider"])
    clients["court"] = await working_intake.refer()
    await working_intake.screen(clients["court"])
    created(
        await working_intake.enrol(
            clients["court"], await working_intake.determine(clients["court"])
        )
    )
    up, _, down = MIGRATION.read_text("utf-8").partition("-- migrate:down")
    system = working_intake.system
    await system.execute_as_owner("intake", down)
    for source, client in clients.items():
        await system.execute_as_owner(
            "intake",
            "SET stepwell.sites = '*';"
            f"UPDATE referrals SET source = '{source}' WHERE client_id = '{client}'",
        )
    await system.execute_as_owner("intake", up)
    rows = await system.fetch(
        "intake",
        "SELECT source, referrer, state, starts_on::text, first_screened_on::text,"
        " ended_at IS NOT NULL AS ended, version FROM referrals ORDER BY source",
    )
    day = "2026-02-23"
    assert [tuple(row) for row in rows] == [
        ("court", "court", "accepted", day, day, True, 1),
        ("hospital", "inpatient", "received", day, None, False, 1),
        ("provider", "physician", "screening", day, day, False, 1),
    ]
    await system.until("intake", "SELECT count(*) FROM clients WHERE keys_version > 0", is_=3)
