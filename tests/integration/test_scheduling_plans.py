"""Sites, cohorts and curricula over HTTP: what is taken, what is refused, what is shown."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.scheduling import EVENING, Clinic, created, open_clinic, refused
from tests.support.system import System


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def test_a_site_is_opened_once_whatever_is_repeated(clinic: Clinic) -> None:
    body = {"name": "Cedar Ridge", "time_zone": "America/Denver"}
    first = await clinic.regional.post("/sites", body, key="k1")
    again = await clinic.regional.post("/sites", body, key="k1")
    assert created(again) == created(first)
    assert first.headers["location"] == f"/sites/{first.json()['id']}"
    assert first.headers["etag"] == '"1"'
    refused(await clinic.regional.post("/sites", body), 409, "site-name-taken", "/name")
    assert [r[2] for r in await clinic.system.published("scheduling")] == ["SiteOpened"]
    shown = await clinic.desk.get(first.headers["location"])
    assert shown.json() == first.json()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"name": ""}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"color": "red"}, "/color"),
    ],
)
async def test_an_impossible_site_is_refused(
    clinic: Clinic, wrong: dict[str, Any], pointer: str
) -> None:
    body = {"name": "Cedar Ridge", "time_zone": "America/Denver", **wrong}
    refused(await clinic.regional.post("/sites", body), 422, "invalid-request", pointer)


async def test_only_regional_operations_for_all_sites_open_a_site(clinic: Clinic) -> None:
    body = {"name": "Cedar Ridge", "time_zone": "America/Denver"}
    limited = clinic.system.client("scheduling", "regional_operations", [uuid4()])
    refused(await limited.post("/sites", body), 403, "all-sites-needed")
    refused(await clinic.desk.post("/sites", body), 403, "forbidden")


async def test_a_cohort_is_opened_by_the_rules(clinic: Clinic) -> None:
    site = await clinic.site()
    body = {
        "site_id": str(site),
        "name": "Evening",
        "track": "general",
        "gender_group": "women",
        "capacity": 10,
        "dual_diagnosis_trained": False,
    }
    manager = clinic.system.client("scheduling", "site_manager", [site])
    made = created(await manager.post("/cohorts", body))
    assert (made["seats_taken"], made["seats_free"]) == (0, 10)
    refused(await manager.post("/cohorts", body), 409, "cohort-name-taken", "/name")

    async def try_with(**wrong: Any) -> Any:
        return await manager.post("/cohorts", {**body, "name": "Other", **wrong})

    refused(
        await try_with(track="dual_diagnosis"), 422, "staff-not-trained", "/dual_diagnosis_trained"
    )
    refused(await try_with(capacity=13), 422, "capacity-above-cap", "/capacity")
    refused(await try_with(capacity=0), 422, "invalid-request", "/capacity")
    refused(await try_with(capacity="10"), 422, "invalid-request", "/capacity")
    refused(await try_with(gender_group="x"), 422, "invalid-request", "/gender_group")
    refused(await try_with(site_id=str(uuid4())), 404, "not-found", "/site_id")
    there = await clinic.site("There")
    refused(await try_with(site_id=str(there)), 404, "not-found", "/site_id")


async def test_a_plan_becomes_sessions_by_the_wall_clock_of_the_site(clinic: Clinic) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site)
    slots = [{**EVENING, "weekday": day} for day in (0, 2, 3)]
    made = await clinic.curriculum(evening, weeks=2, slots=slots)
    assert (made["sessions"], made["weekly_minutes"]) == (6, 495)
    assert made["meets_level_minimum"] is False
    assert made["first_starts_at"] == "2026-03-03T00:30:00Z"
    assert made["last_ends_at"] == "2026-03-13T02:30:00Z"
    sessions = await clinic.sessions(evening)
    assert [s["local_start"] for s in sessions] == ["17:30"] * 6
    assert [s["starts_at"][11:16] for s in sessions] == ["00:30"] * 3 + ["23:30"] * 3
    assert [s["week"] for s in sessions] == ["2026-W10"] * 3 + ["2026-W11"] * 3
    assert {s["scheduled_minutes"] for s in sessions} == {165}
    one = await clinic.desk.get(f"/sessions/{sessions[0]['id']}")
    assert one.json() == sessions[0]
    plans = (await clinic.desk.get(f"/cohorts/{evening}/curriculum")).json()
    assert plans["items"] == [made]
    shown = await clinic.desk.get(f"/cohorts/{evening}/curriculum/{made['id']}")
    assert shown.json() == made


async def test_sessions_are_listed_by_their_start_page_by_page(clinic: Clinic) -> None:
    site = await clinic.site()
    cohorts = [await clinic.cohort(site, name) for name in ("One", "Two")]
    for cohort in cohorts:
        await clinic.curriculum(cohort, weeks=3)
    listed: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await clinic.desk.get("/sessions", limit=2, **cursor)).json()
        listed += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len({s["id"] for s in listed}) == 6
    assert listed == sorted(listed, key=lambda s: (s["starts_at"], s["id"]))
    found = await clinic.desk.get(
        "/sessions",
        cohort_id=cohorts[0],
        **{"from": "2026-03-03T00:30:00Z", "until": "2026-03-09T16:30:00-07:00"},
    )
    assert [s["starts_at"] for s in found.json()["items"]] == ["2026-03-03T00:30:00Z"]
    for bad in ("x", "Zm9v", "MjAyNi0wMS0wMSAx"):
        refused(await clinic.desk.get("/sessions", cursor=bad), 422, "bad-cursor")
    refused(await clinic.desk.get("/sessions", **{"from": "1772409600"}), 422, "invalid-request")
    early = await clinic.desk.get("/sessions", **{"from": "0001-01-01T00:00:00+14:00"})
    assert early.status_code == 422


async def test_a_cohort_is_never_in_two_sessions_at_once(clinic: Clinic) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site)
    await clinic.curriculum(evening)
    path = f"/cohorts/{evening}/curriculum"
    later = {**EVENING, "starts": "20:00"}
    body = {"starts_on": "2026-03-09", "weeks": 1, "slots": [later]}
    refused(await clinic.regional.post(path, body), 409, "sessions-overlap", "/slots")
    both = {"starts_on": "2026-06-01", "weeks": 1, "slots": [EVENING, later]}
    refused(await clinic.regional.post(path, both), 422, "slots-overlap", "/slots/1")
    next_to_it = {**body, "slots": [{**EVENING, "starts": "20:30"}]}
    created(await clinic.regional.post(path, next_to_it))


async def test_an_impossible_plan_is_refused_where_it_is_impossible(clinic: Clinic) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site)
    path = f"/cohorts/{evening}/curriculum"
    body = {"starts_on": "2026-03-02", "weeks": 60, "slots": [{**EVENING, "break_minutes": 180}]}
    answer = await clinic.regional.post(path, body)
    refused(answer, 422, "invalid-request", "/weeks")
    refused(answer, 422, "invalid-request", "/slots/0")
    fine = {**body, "weeks": 1, "slots": [EVENING]}
    refused(await clinic.regional.post(f"/cohorts/{uuid4()}/curriculum", fine), 404, "not-found")
    manager = clinic.system.client("scheduling", "site_manager", [uuid4()])
    refused(await manager.post(path, fine), 404, "not-found")
