"""Regions, sites, their hours, closed days and rooms, and the staff: over HTTP and as events."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.scheduling.directory.queries import rooms_of, staff_of
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import ALL_SITES
from tests.support.outcomes import opened as database_of
from tests.support.scheduling import Clinic, created, open_clinic, refused, registry_of, told
from tests.support.system import Client, System

DENVER = {"name": "Cedar Ridge", "time_zone": "America/Denver"}
PLACE = {
    "address": "12 Main Street, Golden, CO 80401",
    "subdivision": "US-CO",
    "latitude": 39.7555,
    "longitude": -105.2211,
}
ROSA: dict[str, Any] = {
    "name": "Rosa Diaz",
    "gender": "woman",
    "languages": ["es", "en"],
    "trainings": ["trauma"],
    "credentials": [{"credential": "lac", "expires_on": "2026-03-31"}, {"credential": "lpc"}],
    "caseload_limit": 12,
}
MORNING = {"weekday": 1, "starts_at": "09:00", "ends_at": "12:00"}
BOOK = """
WITH made AS (
  INSERT INTO sessions (id, site_id, starts_at, ends_at, time_zone, kind, topic, break_minutes)
  VALUES ($1, $2, $3, $4, 'America/Denver', 'individual', 'One', 0)
)
INSERT INTO bookings (session_id, resource_id, kind, site_id, during)
SELECT $1, resource, 'cofacilitator', $2, tstzrange($3, $4) FROM unnest($5::uuid[]) AS resource
"""


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def events(clinic: Clinic, key: object) -> list[str]:
    """Names of what was published of a site or a person, in order."""
    published = await clinic.system.published("scheduling")
    return [name for one, _, name, *_ in published if one == str(key)]


def manager_of(clinic: Clinic, *sites: UUID) -> Client:
    return clinic.system.client("scheduling", "site_manager", list(sites))


async def member(by: Client, home: UUID, *others: UUID, **changed: Any) -> dict[str, Any]:
    sites = [str(home), *map(str, others)]
    body = {**ROSA, "home_site_id": str(home), "site_ids": sites, **changed}
    return created(await by.post("/staff", body))


async def session(clinic: Clinic, site: UUID, starts_at: str, *taken: str) -> UUID:
    """A session for which rooms or people are taken."""
    made, at = uuid4(), datetime.fromisoformat(starts_at)
    async with clinic.database.transaction(ALL_SITES) as tx:
        await tx.execute(
            BOOK, made, site, at, at + timedelta(hours=1), [UUID(one) for one in taken]
        )
    return made


async def test_a_site_belongs_to_a_region_and_is_changed_as_a_whole(clinic: Clinic) -> None:
    region = created(await clinic.regional.post("/regions", {"name": "Front Range"}))
    refused(
        await clinic.regional.post("/regions", {"name": "Front Range"}), 409, "region-name-taken"
    )
    renamed = await clinic.regional.put(f"/regions/{region['id']}", {"name": "West"}, etag='"1"')
    assert (renamed.json()["name"], renamed.headers["etag"]) == ("West", '"2"')
    body = {**DENVER, **PLACE, "region_id": region["id"]}
    site = created(await clinic.regional.post("/sites", body))
    assert {name: site[name] for name in body} == body
    there = await clinic.site("There")
    listed = await clinic.desk.get("/sites", region_id=region["id"])
    assert [one["id"] for one in listed.json()["items"]] == [site["id"]]

    address = f"/sites/{site['id']}"
    manager = manager_of(clinic, UUID(site["id"]))
    changed = await manager.put(address, {**body, "name": "Cedar", "region_id": None}, etag='"1"')
    assert (changed.json()["name"], changed.json()["region_id"]) == ("Cedar", None)
    assert (await clinic.desk.get(address)).json() == changed.json()
    refused(await manager.put(address, body, etag='"1"'), 412, "stale-version")
    refused(await manager.put(f"/sites/{there}", body, etag='"1"'), 404, "not-found")
    taken = {**body, "name": "There"}
    refused(await manager.put(address, taken, etag='"2"'), 409, "site-name-taken", "/name")
    lost = {**body, "region_id": str(uuid4())}
    refused(await manager.put(address, lost, etag='"2"'), 404, "not-found", "/region_id")
    half = {**body, "latitude": None}
    refused(await manager.put(address, half, etag='"2"'), 422, "invalid-request")
    assert await events(clinic, site["id"]) == ["SiteOpened", "SiteChanged"]


async def test_the_zone_of_a_site_stays_while_sessions_are_to_come(clinic: Clinic) -> None:
    site = await clinic.site()
    evening = await clinic.cohort(site)
    await clinic.curriculum(evening, weeks=1)
    moved = {**DENVER, "time_zone": "America/Chicago"}
    answer = await clinic.regional.put(f"/sites/{site}", moved, etag='"1"')
    refused(answer, 409, "zone-in-use", "/time_zone")
    assert (await clinic.regional.put(f"/sites/{site}", DENVER, etag='"1"')).status_code == 200
    clinic.at(datetime.fromisoformat("2026-04-01T00:00:00Z"))
    answer = await clinic.regional.put(f"/sites/{site}", moved, etag='"2"')
    assert answer.json()["time_zone"] == "America/Chicago"


async def test_opening_hours_over_midnight_are_written_on_both_days(clinic: Clinic) -> None:
    site = await clinic.site()
    address = f"/sites/{site}/opening-hours"
    manager = manager_of(clinic, site)
    night = [
        {"weekday": 5, "starts_at": "20:00", "ends_at": "24:00"},
        {"weekday": 6, "starts_at": "00:00", "ends_at": "02:00"},
        {"weekday": 6, "starts_at": "09:00", "ends_at": "12:00"},
    ]
    made = await manager.put(address, {"hours": night}, etag='"1"')
    assert (made.json()["hours"], made.headers["etag"]) == (night, '"2"')
    assert (await clinic.desk.get(address)).json() == made.json()
    backward = {"weekday": 5, "starts_at": "20:00", "ends_at": "02:00"}
    answer = await manager.put(address, {"hours": [backward]}, etag='"2"')
    refused(answer, 422, "invalid-request", "/hours/0")
    overlap = {"weekday": 6, "starts_at": "01:00", "ends_at": "03:00"}
    answer = await manager.put(address, {"hours": [*night, overlap]}, etag='"2"')
    refused(answer, 422, "times-overlap", "/hours/3")
    refused(await manager.put(address, {"hours": []}, etag='"1"'), 412, "stale-version")
    assert (await clinic.desk.get(address)).json()["hours"] == night


async def test_a_site_confirms_edits_and_drops_the_holidays_proposed_to_it(clinic: Clinic) -> None:
    body = {**DENVER, **PLACE}
    site = created(await clinic.regional.post("/sites", body))["id"]
    days, proposed = f"/sites/{site}/closed-days", f"/sites/{site}/proposed-closed-days"
    manager = manager_of(clinic, UUID(site))
    proposals = (await clinic.desk.get(proposed, year=2027)).json()
    assert proposals["source"].startswith("holidays ")
    by_day = {one["day"]: one for one in proposals["days"]}
    assert by_day["2027-12-25"]["kind"] == "holiday"
    assert by_day["2027-12-24"]["kind"] == "observed_holiday"
    assert not any(one["confirmed"] for one in proposals["days"])
    assert (await clinic.desk.get(days, year=2027)).json()["days"] == []

    taken = [
        {"day": "2027-12-25", "name": "Christmas", "kind": "holiday"},
        {"day": "2027-05-03", "name": "Boiler", "kind": "closure"},
    ]
    made = await manager.post(days, {"days": taken})
    assert created(made)["days"] == taken
    assert made.headers["location"] == f"{days}?year=2027"
    listed = (await clinic.desk.get(days, year=2027)).json()
    assert listed["days"] == [taken[1], taken[0]]
    proposals = (await clinic.desk.get(proposed, year=2027)).json()
    assert [one["day"] for one in proposals["days"] if one["confirmed"]] == ["2027-12-25"]
    twice = await manager.post(days, {"days": [taken[0], taken[0]]})
    refused(twice, 422, "day-twice", "/days/1/day")
    assert (await manager.http.delete(f"{days}/2027-05-03")).status_code == 204
    refused(await manager.http.delete(f"{days}/2027-05-03"), 404, "not-found")
    other = manager_of(clinic, uuid4())
    refused(await other.http.delete(f"{days}/2027-12-25"), 404, "not-found")
    refused(await other.post(days, {"days": taken}), 404, "not-found")
    listed = (await clinic.desk.get(days, year=2027)).json()
    assert listed["days"] == [taken[0]]
    assert await events(clinic, site) == ["SiteOpened", *2 * ["ClosedDaysChanged"]]

    nowhere = await clinic.site("Nowhere")
    answer = await clinic.desk.get(f"/sites/{nowhere}/proposed-closed-days", year=2027)
    refused(answer, 409, "subdivision-needed")


async def test_a_room_is_opened_changed_and_closed(clinic: Clinic) -> None:
    site = await clinic.site()
    manager = manager_of(clinic, site)
    body = {"site_id": str(site), "name": "Blue", "kind": "room", "capacity": 12}
    room = created(await manager.post("/rooms", body))
    refused(await manager.post("/rooms", body), 409, "room-name-taken", "/name")
    video = {**body, "name": "Video", "kind": "telehealth"}
    refused(await manager.post("/rooms", video), 422, "join-link", "/join_url")
    link = {"join_url": "https://video.example.test/r/1"}
    refused(await manager.post("/rooms", {**body, **link}), 422, "join-link", "/join_url")
    plain = {"join_url": "http://video.example.test/r/1"}
    refused(await manager.post("/rooms", {**video, **plain}), 422, "invalid-request", "/join_url")
    created(await manager.post("/rooms", {**video, **link}))

    address = f"/rooms/{room['id']}"
    await session(clinic, site, "2026-03-02T16:00:00Z", room["id"])
    await session(clinic, site, "2026-02-20T16:00:00Z", room["id"])
    larger = await manager.put(address, {"name": "Blue", "capacity": 14}, etag='"1"')
    assert (larger.json()["capacity"], larger.json()["sessions_to_come"]) == (14, 1)
    closed = await manager.post(f"{address}/close", None, etag='"2"')
    assert closed.json()["closed_at"] == "2026-02-23T14:00:00Z"
    refused(await manager.post(f"{address}/close", None, etag='"3"'), 409, "room-closed")
    listed = (await clinic.desk.get("/rooms", site_id=site)).json()["items"]
    assert [one["name"] for one in listed] == ["Video"]
    every = (await clinic.desk.get("/rooms", site_id=site, closed=True)).json()["items"]
    assert {one["name"] for one in every} == {"Blue", "Video"}
    stranger = manager_of(clinic, uuid4())
    refused(await stranger.get(address), 404, "not-found")
    refused(await stranger.post("/rooms", {**body, "name": "X"}), 404, "not-found", "/site_id")
    async with clinic.database.transaction(ALL_SITES) as tx:
        assert [one.join_url for one in await rooms_of(tx, [site])] == [link["join_url"]]
    told = [name for name in await events(clinic, site) if name != "CohortChanged"]
    assert told == ["SiteOpened", *4 * ["RoomChanged"]]


async def test_a_person_is_found_by_what_they_may_do(clinic: Clinic) -> None:
    north, south = await clinic.site("North"), await clinic.site("South")
    rosa = await member(clinic.regional, north, south, subject="rosa-1")
    ben = await member(
        clinic.regional,
        south,
        name="Ben",
        gender=None,
        languages=["en"],
        trainings=[],
        credentials=[{"credential": "lac", "expires_on": "2028-01-31"}],
    )

    async def found(**asked: Any) -> list[str]:
        answer = await clinic.desk.get("/staff", **asked)
        return sorted(one["id"] for one in answer.json()["items"])

    both = sorted((rosa["id"], ben["id"]))
    assert await found() == both
    assert await found(site_id=north) == [rosa["id"]]
    assert await found(training="trauma", language="es") == [rosa["id"]]
    assert await found(credential="lac") == both
    assert await found(credential="lac", expires_before="2026-04-01") == [rosa["id"]]
    assert await found(expires_before="2026-03-31") == []
    clinic.at(datetime.fromisoformat("2026-04-01T05:59:00Z"))
    assert await found(credential="lac") == both, "it counts through its last day at home"
    clinic.at(datetime.fromisoformat("2026-04-01T06:00:00Z"))
    assert await found(credential="lac") == [ben["id"]]
    async with clinic.database.transaction(ALL_SITES) as tx:
        person = (await staff_of(tx, [north]))[0]
    assert (str(person.id), person.home_site_id, person.trainings) == (
        rosa["id"],
        north,
        {"trauma"},
    )
    assert person.qualified(["lpc"], datetime(2030, 1, 1).date())  # noqa: DTZ001 - a date


@pytest.mark.parametrize(
    ("wrong", "slug", "pointer"),
    [
        ({"site_ids": []}, "invalid-request", "/site_ids"),
        ({"home_site_id": str(UUID(int=1))}, "home-site-needed", "/home_site_id"),
        ({"languages": ["Spanish!"]}, "invalid-request", "/languages/0"),
        ({"credentials": 2 * [{"credential": "lac"}]}, "listed-twice", "/credentials/1/credential"),
        (
            {"hours": [{**MORNING, "site_id": str(UUID(int=1))}]},
            "not-their-site",
            "/hours/0/site_id",
        ),
    ],
)
async def test_an_impossible_person_is_refused(
    clinic: Clinic, wrong: dict[str, Any], slug: str, pointer: str
) -> None:
    site = str(await clinic.site())
    body = {**ROSA, "home_site_id": site, "site_ids": [site], **wrong}
    refused(await clinic.regional.post("/staff", body), 422, slug, pointer)
    hours = [{**MORNING, "site_id": site}, {**MORNING, "starts_at": "11:00", "site_id": site}]
    body = {**ROSA, "home_site_id": site, "site_ids": [site], "hours": hours}
    refused(await clinic.regional.post("/staff", body), 422, "times-overlap", "/hours/1")
    assert {one[2] for one in await clinic.system.published("scheduling")} == {"SiteOpened"}


async def test_only_who_may_see_all_sites_of_a_person_changes_them(clinic: Clinic) -> None:
    north, south = await clinic.site("North"), await clinic.site("South")
    hours = [{**MORNING, "site_id": str(one)} for one in (north, south)]
    rosa = await member(clinic.regional, north, south, hours=hours, subject="rosa-1")
    address = f"/staff/{rosa['id']}"
    manager = manager_of(clinic, south)
    seen = (await manager.get(address)).json()
    assert (seen["home_site_id"], seen["site_ids"], seen["hours"]) == (
        None,
        [str(south)],
        hours[1:],
    )
    body = {**ROSA, "home_site_id": str(south), "site_ids": [str(south)]}
    refused(await manager.put(address, body, etag='"1"'), 403, "works-elsewhere-too")
    refused(await manager.post(f"{address}/left", None, etag='"1"'), 403, "works-elsewhere-too")
    refused(await manager_of(clinic, uuid4()).get(address), 404, "not-found")
    taken = {**body, "subject": "rosa-1"}
    refused(await manager.post("/staff", taken), 409, "subject-taken", "/subject")
    abroad = {**body, "site_ids": [str(south), str(north)]}
    refused(await manager.post("/staff", abroad), 404, "not-found", "/site_ids/1")

    moved = await clinic.regional.put(address, body, etag='"1"')
    assert (moved.json()["site_ids"], moved.json()["hours"]) == ([str(south)], [])
    left = await manager.post(f"{address}/left", None, etag='"2"')
    assert left.json()["left_at"] == "2026-02-23T14:00:00Z"
    refused(await manager.put(address, body, etag='"3"'), 409, "has-left")
    assert (await manager.get("/staff")).json()["items"] == []
    assert len((await manager.get("/staff", left=True)).json()["items"]) == 1
    async with clinic.database.transaction(ALL_SITES) as tx:
        assert await staff_of(tx, [south]) == []
    assert await events(clinic, rosa["id"]) == 3 * ["StaffChanged"]
    (payload, *_) = await clinic.system.fetch(
        "scheduling",
        "SELECT payload::text FROM platform.outbox WHERE type LIKE '%StaffChanged%' ORDER BY id",
    )
    assert "Rosa" not in payload["payload"]


async def test_leave_is_of_whole_days_at_home_or_between_instants(clinic: Clinic) -> None:
    """The clock changes on 8 March 2026."""
    site = await clinic.site()
    manager = manager_of(clinic, site)
    rosa = await member(manager, site)
    taken = await session(clinic, site, "2026-03-09T05:00:00Z", rosa["id"])
    await session(clinic, site, "2026-03-09T06:00:00Z", rosa["id"])
    address = f"/staff/{rosa['id']}/leave"
    days = {"starts": "2026-03-07", "ends": "2026-03-08"}
    leave = created(await manager.post(address, days))
    assert (leave["starts_at"], leave["ends_at"]) == (
        "2026-03-07T07:00:00Z",
        "2026-03-09T06:00:00Z",
    )
    assert leave["session_ids"] == [str(taken)]
    within = {"starts": "2026-03-08T12:00:00-06:00", "ends": "2026-03-10T00:00:00Z"}
    refused(await manager.post(address, within), 409, "leave-overlaps")
    touching = {**within, "starts": "2026-03-09T06:00:00Z"}
    created(await manager.post(address, touching))
    refused(
        await manager.post(address, {**days, "ends": "2026-03-06"}),
        422,
        "leave-ends-too-early",
        "/ends",
    )
    refused(
        await manager.post(address, {**days, "ends": "2026-03-08T10:00"}), 422, "invalid-request"
    )
    shown = (await clinic.desk.get(f"/staff/{rosa['id']}")).json()["leave"]
    assert [one["ends_at"] for one in shown] == ["2026-03-09T06:00:00Z", "2026-03-10T00:00:00Z"]
    async with clinic.database.transaction(ALL_SITES) as tx:
        (person,) = await staff_of(tx, [site])
    back = datetime.fromisoformat("2026-03-10T00:00:00Z")
    assert person.is_away(back - timedelta(days=3), back)
    assert not person.is_away(back, back + timedelta(days=1))
    refused(
        await manager_of(clinic, uuid4()).http.delete(f"{address}/{leave['id']}"), 404, "not-found"
    )
    assert (await manager.http.delete(f"{address}/{leave['id']}")).status_code == 204
    refused(await manager.http.delete(f"{address}/{leave['id']}"), 404, "not-found")
    created(await manager.post(address, days))


@pytest.mark.parametrize(("service", "key"), [("intake", "id"), ("outcomes", "site_id")])
async def test_other_services_follow_what_is_said_of_a_site(
    system: System, service: str, key: str
) -> None:
    site, region, at = uuid4(), uuid4(), datetime.fromisoformat("2026-02-23T14:00:00Z")
    opened = SiteOpened(site_id=site, time_zone="America/Denver", opened_at=at)
    moved = {"site_id": site, "time_zone": "America/Chicago", "region_id": region}
    changed = SiteChanged(**moved, opened_at=at, changed_at=at)
    async with database_of(system, service) as database:
        for event in (opened, changed):
            async with database.transaction(ALL_SITES) as tx:
                await registry_of(service).handle(tx, event.type_name(), told(event))
    (row,) = await system.fetch(service, f"SELECT * FROM sites WHERE {key} = $1", site)
    assert row["time_zone"] == "America/Chicago"
    assert service == "intake" or row["region_id"] == region


async def test_seconds_in_a_text_are_no_day(clinic: Clinic) -> None:
    site = await clinic.site()
    address = f"/sites/{site}/closed-days/1772323200"
    refused(await clinic.regional.delete(address, etag='"1"'), 422, "invalid-request")
    refused(await clinic.desk.get("/staff", expires_before="1772323200"), 422, "invalid-request")
