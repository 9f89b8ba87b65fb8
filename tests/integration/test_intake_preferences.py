"""Preferences over HTTP: what is stated, what cannot be, and what is told of it."""

import asyncio
from typing import Any
from uuid import UUID

import orjson

from tests.support.flow import Intake
from tests.support.system import Client

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
STATED: dict[str, Any] = {
    "time_zone": "America/Denver",
    "available": [
        {"weekday": 3, "starts_at": "17:30", "ends_at": "24:00"},
        {"weekday": 1, "starts_at": "17:30", "ends_at": "21:00"},
    ],
    "constraints": ["work_daytime", "custody_schedule"],
    "telehealth": {"device": True, "private_space": True, "connection": True},
    "transport": "medical_transport",
    "language": "es",
    "interpreter": "spoken",
    "cohort_wish": "same_gender",
    "children": {"minor": 2, "child_care_needed": True},
    "court": {"minutes_a_week": 540, "reports_to": ["probation"], "next_date": "2026-04-01"},
    "accommodations": {"needs": ["hearing"], "note": "Sits in front."},
}


def staff(intake: Intake, role: str = "front_desk", site: UUID = SITE) -> Client:
    return intake.system.client("intake", role, [site], subject=f"{role}-1")


async def told(intake: Intake) -> list[dict[str, Any]]:
    rows = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8') AS text FROM platform.journal"
        " WHERE type LIKE '%PreferencesChanged%' ORDER BY sequence",
    )
    return [orjson.loads(row["text"]) for row in rows]


async def test_nothing_is_stated_at_first_and_that_has_a_version(intake: Intake):
    client = await intake.refer()
    answer = await staff(intake).get(f"/clients/{client}/preferences")
    assert (answer.status_code, answer.headers["etag"]) == (200, '"0"')
    shown = answer.json()
    assert (shown["stated"], shown["available_minutes"], shown["changed_at"]) == (None, 0, None)


async def test_what_is_stated_is_shown_with_what_follows_from_it(intake: Intake):
    client = await intake.refer()
    desk, path = staff(intake), f"/clients/{client}/preferences"
    answer = await desk.put(path, STATED, etag='"0"')
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert answer.json() == (await desk.get(path)).json()
    shown = answer.json()
    assert shown["stated"] == STATED
    assert shown["available_minutes"] == 600
    assert (shown["telehealth_able"], shown["needs_transport"]) == (True, True)
    assert shown["gender_group"] == "men"
    rows = await intake.system.fetch("intake", "SELECT changed_by FROM preferences")
    assert [row["changed_by"] for row in rows] == ["front_desk-1"]


async def test_others_are_told_when_and_how_but_not_why(intake: Intake):
    client = await intake.refer()
    await staff(intake).put(f"/clients/{client}/preferences", STATED, etag='"0"')
    (event,) = await told(intake)
    assert event.pop("changed_at")
    assert event == {
        "client_id": client,
        "site_id": str(SITE),
        "time_zone": "America/Denver",
        "available": [
            {"weekday": 1, "starts_at": "17:30:00", "ends_at": "21:00:00"},
            {"weekday": 3, "starts_at": "17:30:00", "ends_at": "00:00:00"},
        ],
        "telehealth": True,
        "needs_transport": True,
        "needs_child_care": True,
        "language": "es",
        "gender_group": "men",
    }


async def test_a_change_replaces_everything_and_names_what_was_read(intake: Intake):
    client = await intake.refer()
    desk, path = staff(intake), f"/clients/{client}/preferences"
    await desk.put(path, STATED, etag='"0"')
    fewer = STATED | {
        "available": [],
        "telehealth": {"device": True, "private_space": False, "connection": True},
        "transport": "walks_or_cycles",
        "cohort_wish": "any",
        "court": None,
    }
    assert (await desk.put(path, fewer)).status_code == 428
    for stale in ('"0"', '"2"'):
        assert (await desk.put(path, fewer, etag=stale)).status_code == 412
    changed = await desk.put(path, fewer, etag='"1"')
    assert changed.headers["etag"] == '"2"'
    shown = changed.json()
    assert (shown["available_minutes"], shown["telehealth_able"]) == (0, False)
    assert (shown["needs_transport"], shown["gender_group"]) == (False, None)
    assert [event["telehealth"] for event in await told(intake)] == [True, False]


async def test_of_first_statements_at_the_same_time_one_is_taken(intake: Intake):
    client = await intake.refer()
    desk, path = staff(intake), f"/clients/{client}/preferences"
    answers = await asyncio.gather(*(desk.put(path, STATED, etag='"0"') for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert len(await told(intake)) == 1


def times(*given: tuple[int, str, str]) -> list[dict[str, Any]]:
    return [{"weekday": day, "starts_at": a, "ends_at": b} for day, a, b in given]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (
        {"available": times((1, "09:00", "12:00"), (1, "11:59", "13:00"))},
        "slots-overlap",
        "/available/1",
    ),
    ({"available": times((1, "09:00", "09:00"))}, "slot-ends-before-start", "/available/0/ends_at"),
    ({"available": times((1, "22:00", "02:00"))}, "slot-ends-before-start", "/available/0/ends_at"),
    ({"available": times((8, "09:00", "10:00"))}, "invalid-request", "/available/0/weekday"),
    ({"available": times((1, "24:00", "24:00"))}, "invalid-request", "/available/0/starts_at"),
    ({"available": times((1, "9:00", "10:00"))}, "invalid-request", "/available/0/starts_at"),
    ({"available": times((1, "09:00", "24:01"))}, "invalid-request", "/available/0/ends_at"),
    ({"available": times(*[(1, "00:00", "00:01")] * 51)}, "invalid-request", "/available"),
    ({"time_zone": "Mars/Olympus"}, "invalid-request", "/time_zone"),
    ({"language": "Spanish, please"}, "invalid-request", "/language"),
    ({"transport": "teleport"}, "unknown-preference", "/transport"),
    ({"constraints": ["work_daytime", "golf"]}, "unknown-preference", "/constraints/1"),
    ({"constraints": ["on_call", "on_call"]}, "unknown-preference", "/constraints/1"),
    ({"accommodations": {"needs": ["pool"]}}, "unknown-preference", "/accommodations/needs/0"),
    (
        {"accommodations": {"needs": [], "note": "x" * 501}},
        "invalid-request",
        "/accommodations/note",
    ),
    (
        {"accommodations": {"needs": [], "note": "a\u0000b"}},
        "invalid-request",
        "/accommodations/note",
    ),
    ({"court": {"reports_to": ["neighbor"]}}, "unknown-preference", "/court/reports_to/0"),
    (
        {"court": {"reports_to": [], "next_date": "2026-02-22"}},
        "court-date-passed",
        "/court/next_date",
    ),
    ({"children": {"minor": 0, "child_care_needed": True}}, "invalid-request", "/children"),
    ({"children": {"minor": "2", "child_care_needed": True}}, "invalid-request", "/children/minor"),
    (
        {"telehealth": {"device": 1, "private_space": True, "connection": True}},
        "invalid-request",
        "/telehealth/device",
    ),
    ({"more": 1}, "invalid-request", "/more"),
]


async def test_what_cannot_be_is_refused_with_a_pointer_and_leaves_nothing(intake: Intake):
    client = await intake.refer()
    desk, found = staff(intake), []
    for change, _, _ in WRONG:
        answer = await desk.put(f"/clients/{client}/preferences", STATED | change, etag='"0"')
        problem = answer.json()
        kind = problem["type"].removeprefix("/problems/")
        found.append((change, kind, problem["errors"][0]["pointer"]))
        assert answer.status_code == 422
    assert found == WRONG
    assert await intake.system.fetch("intake", "SELECT FROM preferences") == []
    assert await told(intake) == []


async def test_preferences_of_other_sites_are_not_there(intake: Intake):
    client = await intake.refer()
    stranger, path = staff(intake, site=OTHER_SITE), f"/clients/{client}/preferences"
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.put(path, STATED, etag='"0"')).status_code == 404
    assert await told(intake) == []


async def test_staff_of_the_site_state_preferences_and_nobody_else_reads_them(intake: Intake):
    client = await intake.refer()
    path = f"/clients/{client}/preferences"
    for n, role in enumerate(("front_desk", "counselor", "clinical_lead", "site_manager")):
        assert (await staff(intake, role).put(path, STATED, etag=f'"{n}"')).status_code == 200
    for role in ("auditor", "regional_operations"):
        assert (await staff(intake, role).get(path)).status_code == 403
        assert (await staff(intake, role).put(path, STATED, etag='"4"')).status_code == 403
        words = await staff(intake, role).get("/preference-vocabulary")
        assert "wheelchair_access" in words.json()["accommodations"]
