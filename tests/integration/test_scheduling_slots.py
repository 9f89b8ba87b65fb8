"""Sessions of one client: free times, booking, and what becomes of them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.scheduling.appointments import rules
from services.scheduling.appointments.policy import slot_policy
from shared.contracts.scheduling import (
    SessionAttended,
    SessionCancelled,
    SessionNotHeld,
    SessionScheduled,
)
from tests.support.directory import room, sql, staff
from tests.support.merges import merged
from tests.support.scheduling import (
    EVENING,
    Clinic,
    Enrolled,
    authorized,
    created,
    open_clinic,
    refused,
)
from tests.support.system import System

MORNINGS = [(day, 9 * 60, 12 * 60) for day in range(1, 6)]


@dataclass
class Booking:
    """A clinic with a cohort, a therapist who works mornings, a room and a placed client."""

    clinic: Clinic
    site: UUID
    cohort: UUID
    dana: UUID
    room: UUID
    ana: Enrolled

    async def book(self, **other: Any) -> httpx.Response:
        body = {
            "site_id": str(self.site),
            "kind": "individual",
            "client_ids": [str(self.ana.id)],
            "day": "2026-03-03",
            "starts": "10:00",
            "minutes": 50,
            "facilitator_id": str(self.dana),
            "room_id": str(self.room),
            **other,
        }
        return await self.clinic.desk.post("/sessions", body)

    async def slots(self, **other: Any) -> list[dict[str, Any]]:
        query = {
            "client_id": str(self.ana.id),
            "kind": "individual",
            "minutes": 50,
            "from": "2026-03-02T00:00:00Z",
            "to": "2026-03-09T00:00:00Z",
            **other,
        }
        answer = await self.clinic.desk.get("/slots", **query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
async def booking(system: System) -> AsyncIterator[Booking]:
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        cohort = await clinic.cohort(site)
        await clinic.curriculum(cohort, slots=(EVENING, {**EVENING, "weekday": 2}))
        ana = Enrolled("ana", site)
        await clinic.tell(ana.enrolment)
        dana = await staff(clinic, site, hours=MORNINGS, limit=1)
        yield Booking(clinic, site, cohort, dana, await room(clinic, site), ana)


async def test_a_free_time_that_is_proposed_can_be_booked_and_is_then_taken(
    booking: Booking,
) -> None:
    clinic = booking.clinic
    first, *others = await booking.slots()
    assert (first["day"], first["starts"]) == ("2026-03-02", "09:00")
    assert [one["name"] for one in first["criteria"] if one["met"]] == [
        "day_with_session",
        "caseload",
    ]
    assert all("09:00" <= one["starts"] <= "11:10" for one in others)
    made = created(await booking.book(day=first["day"], starts=first["starts"]))
    assert made["starts_at"] == first["starts_at"]
    assert (made["cohort_id"], made["modality"], made["roster"]["expected"]) == (
        None,
        "in_person",
        1,
    )
    assert made["client_ids"] == [str(booking.ana.id)]
    told = [e for e in await clinic.published() if isinstance(e, SessionScheduled)][-1]
    assert (str(told.session_id), told.cohort_id) == (made["id"], booking.cohort)
    assert told.enrolment_id == booking.ana.enrolment_id
    assert first["starts_at"] not in [one["starts_at"] for one in await booking.slots()]
    query = {"client_id": booking.ana.id, "kind": "individual", "minutes": 50}
    week = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z"}
    elsewhere = await clinic.desk.get("/slots", **query, **week, site_id=uuid4())
    refused(elsewhere, 404, "not-found")
    too_long = await clinic.desk.get("/slots", **query, **{**week, "to": "2026-04-09T00:00:00Z"})
    refused(too_long, 422, "bad-range", "to")


async def test_nothing_is_proposed_at_night_where_a_site_has_stated_no_hours(
    booking: Booking,
) -> None:
    await sql(booking.clinic, "UPDATE staff SET hours = '[]'")
    starts = sorted(one["starts"] for one in await booking.slots())
    assert "08:00" <= starts[0] <= starts[-1] <= "19:10"
    created(await booking.book(starts="21:00"))  # who agrees on another time may have it


async def test_what_stands_against_a_session_is_named(
    booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic, site, ana = booking.clinic, booking.site, str(booking.ana.id)
    small = await room(clinic, site, "Booth", capacity=1)
    await sql(
        clinic, "INSERT INTO closed_days VALUES ($1, '2026-03-04', 'Inventory', 'closure')", site
    )
    await sql(clinic, "INSERT INTO opening_hours VALUES ($1, 2, 480, 1200)", site)
    leave = "tstzrange('2026-03-10', '2026-03-11')"
    await sql(clinic, f"INSERT INTO staff_leave VALUES ($1, $1, {leave}, now())", booking.dana)
    nobody = str(uuid4())
    twice = {"kind": "family", "client_ids": [ana, ana]}
    who, where = "/facilitator_id", "/room_id"
    for slug, pointer, wrong in (
        ("no-such-time", "/starts", {"day": "2026-03-08", "starts": "02:30"}),
        ("time-shown-twice", "/fold", {"day": "2026-11-01", "starts": "01:30"}),
        ("time-is-past", "/day", {"day": "2026-02-23", "starts": "06:59"}),
        ("bad-length", "/minutes", {"minutes": 5}),
        ("too-many-clients", "/client_ids", {"client_ids": [ana, ana]}),
        ("client-twice", "/client_ids/1", twice),
        ("site-closed", "/day", {"day": "2026-03-04"}),
        ("outside-opening-hours", "/starts", {"starts": "19:30"}),
        ("facilitator-unsuited", who, {"facilitator_id": nobody}),
        ("facilitator-unsuited", who, {"starts": "11:30"}),
        ("facilitator-unsuited", who, {"day": "2026-03-10"}),
        ("room-not-at-site", where, {"room_id": nobody}),
        ("room-too-small", where, {"room_id": str(small)}),
    ):
        refused(await booking.book(**wrong), 422, slug, pointer)
    refused(await booking.book(client_ids=[nobody]), 409, "not-placed-here", "/client_ids/0")
    strict = slot_policy()
    kinds = {**strict.kinds}
    kinds["individual"] = kinds["individual"].model_copy(update={"credentials": ("lmft",)})
    strict = strict.model_copy(update={"kinds": kinds})
    with monkeypatch.context() as patched:
        patched.setattr(rules, "slot_policy", lambda _: strict)
        refused(await booking.book(), 422, "staff-not-qualified", who)
    told = len(await clinic.published())
    created(await booking.book())
    lee, second = await staff(clinic, site, "Lee"), await room(clinic, site, "Room 2")
    bea = Enrolled("bea", site)
    await clinic.tell(bea.enrolment)
    hers = {"client_ids": [str(bea.id)], "starts": "10:15"}
    for slug, pointer, other in (
        ("busy", who, {**hers, "room_id": str(second)}),
        ("busy", where, {**hers, "facilitator_id": str(lee)}),
        (
            "client-busy",
            "/client_ids/0",
            {"starts": "10:45", "facilitator_id": str(lee), "room_id": str(second)},
        ),
    ):
        refused(await booking.book(**other), 409, slug, pointer)
    names = [type(event).__name__ for event in (await clinic.published())[told:]]
    assert names.count("SessionScheduled") == 1 + 4, "the one that was booked, and bea's groups"
    again = {"day": "2026-11-01", "starts": "01:30", "fold": 1}
    night = await staff(clinic, site, "Night")
    await sql(clinic, "INSERT INTO opening_hours VALUES ($1, 7, 0, 1440)", site)
    late = created(await booking.book(**again, facilitator_id=str(night)))
    assert (late["starts_at"], late["local_start"]) == ("2026-11-01T08:30:00Z", "01:30")
    unbooked = await clinic.system.fetch(
        "scheduling", "SELECT FROM sessions WHERE cohort_id IS NULL"
    )
    assert len(unbooked) == 2


async def test_a_session_of_one_client_is_attended_counted_and_cancelled_as_any_other(
    booking: Booking,
) -> None:
    clinic, ana = booking.clinic, booking.ana
    made = created(await booking.book())
    other = created(await booking.book(day="2026-03-05"))
    clinic.at(datetime.fromisoformat("2026-03-03T20:00:00Z"))
    entry = {"client_id": str(ana.id), "status": "present"}
    attendance = created(await clinic.desk.post(f"/sessions/{made['id']}/attendance", entry))
    assert attendance["attended_minutes"] == 50
    wrong = await clinic.desk.put(
        f"/attendance/{attendance['id']}", {"status": "no_show"}, etag='"1"'
    )
    assert wrong.status_code == 200, wrong.text
    right = await clinic.desk.put(
        f"/attendance/{attendance['id']}", {"status": "present"}, etag='"2"'
    )
    assert right.status_code == 200, right.text
    week = await clinic.desk.get(f"/clients/{ana.id}/weekly-hours", week="2026-W10")
    assert (week.json()["planned_minutes"], week.json()["attended_minutes"]) == (430, 50)
    gone = await clinic.desk.post(
        f"/sessions/{other['id']}/cancel", {"reason": "staff_absent"}, etag='"1"'
    )
    assert gone.status_code == 200, gone.text
    created(await booking.book(day="2026-03-05"))
    cohorts = {
        (type(event).__name__, event.cohort_id)
        for event in await clinic.published()
        if isinstance(event, SessionAttended | SessionNotHeld)
    }
    assert cohorts == {("SessionAttended", booking.cohort), ("SessionNotHeld", booking.cohort)}


async def test_when_a_stay_ends_its_own_sessions_to_come_are_not_held(booking: Booking) -> None:
    clinic, site, ana = booking.clinic, booking.site, booking.ana
    bea = Enrolled("bea", site)
    await clinic.tell(bea.enrolment)
    alone = created(await booking.book())
    both = {"kind": "family", "client_ids": [str(ana.id), str(bea.id)], "minutes": 60}
    family = created(await booking.book(**both, day="2026-03-05"))
    await clinic.tell(ana.changed("completed"))
    shown = [(await clinic.desk.get(f"/sessions/{one['id']}")).json() for one in (alone, family)]
    assert [one["not_held_reason"] for one in shown] == ["too_few", None]
    assert [one["roster"]["expected"] for one in shown] == [0, 1]
    told = [e for e in await clinic.published() if isinstance(e, SessionCancelled)]
    assert {str(e.session_id) for e in told} >= {alone["id"], family["id"]}
    assert {e.cohort_id for e in told} == {booking.cohort}
    created(await booking.book(client_ids=[str(bea.id)]))


async def test_a_client_with_two_records_is_busy_by_both(booking: Booking) -> None:
    clinic, site, ana = booking.clinic, booking.site, booking.ana
    twin = Enrolled("twin", site)
    await clinic.tell(twin.enrolment)
    created(await booking.book(client_ids=[str(twin.id)]))
    merge = merged(ana.id, twin.id, site)
    await clinic.tell(merge)
    lee, second = await staff(clinic, site, "Lee"), await room(clinic, site, "Room 2")
    answer = await booking.book(facilitator_id=str(lee), room_id=str(second))
    refused(answer, 409, "client-busy", "/client_ids/0")


async def test_of_bookings_and_caseloads_at_one_moment_only_as_many_come_true_as_there_is_room_for(
    booking: Booking,
) -> None:
    clinic, site = booking.clinic, booking.site
    clients = [Enrolled(f"client {n}", site) for n in range(6)]
    await clinic.tell(*(one.enrolment for one in clients))
    asked = [booking.book(client_ids=[str(one.id)]) for one in clients]
    answers = await asyncio.gather(*asked)
    assert sorted(one.status_code for one in answers) == [201] + 5 * [409]
    lead = clinic.system.client("scheduling", "clinical_lead", [site])
    placements = (await lead.get("/placements")).json()["items"]
    body = {"therapist_id": str(await staff(clinic, site, "Lee", limit=2))}
    paths = [f"/placements/{one['id']}/therapist" for one in placements]
    changed = await asyncio.gather(*(lead.put(path, body, etag='"1"') for path in paths))
    assert sorted(one.status_code for one in changed) == 2 * [200] + 5 * [409]


async def test_a_therapist_has_at_most_as_many_clients_as_the_limit(booking: Booking) -> None:
    clinic, site, ana = booking.clinic, booking.site, booking.ana
    bea = Enrolled("bea", site)
    await clinic.tell(bea.enrolment)
    lead = clinic.system.client("scheduling", "clinical_lead", [site])
    placements = (await lead.get("/placements")).json()["items"]
    of = {one["client_id"]: f"/placements/{one['id']}/therapist" for one in placements}
    mine, hers = of[str(ana.id)], of[str(bea.id)]
    body = {"therapist_id": str(booking.dana)}
    changed = await lead.put(mine, body, etag='"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"'), changed.text
    assert changed.json()["primary_therapist_id"] == str(booking.dana)
    refused(await lead.put(hers, body, etag='"1"'), 409, "caseload-full", "/therapist_id")
    refused(await lead.put(hers, {"therapist_id": str(ana.id)}, etag='"1"'), 404, "not-found")
    first = (await booking.slots())[0]
    assert first["score"] == 78
    await clinic.tell(ana.changed("completed"))
    assert (await lead.put(hers, body, etag='"1"')).status_code == 200
    refused(await lead.put(mine, {"therapist_id": None}, etag='"2"'), 409, "stay-ended")
    names = [type(event).__name__ for event in await clinic.published()]
    assert names.count("PrimaryTherapistChanged") == 2


async def test_what_goes_beyond_the_authorized_units_is_booked_with_a_reason_only(
    booking: Booking,
) -> None:
    await booking.clinic.tell(authorized(booking.ana, 4))
    before = len(await booking.clinic.published())
    answer = await booking.book()
    refused(answer, 409, "units-exceeded", "/excess_reason")
    assert "H0015" in answer.json()["detail"]
    refused(await booking.book(excess_reason="just_so"), 422, "unknown-reason", "/excess_reason")
    assert len(await booking.clinic.published()) == before
    created(await booking.book(excess_reason="medically_necessary"))


async def test_a_session_moves_beyond_the_authorized_days_with_a_reason_only(
    booking: Booking,
) -> None:
    made = created(await booking.book())
    await booking.clinic.tell(authorized(booking.ana, 20, until=date(2026, 3, 5)))

    async def move(day: str, etag: int, **reason: str) -> httpx.Response:
        body = {"day": day, "starts": "10:00", **reason}
        path = f"/sessions/{made['id']}/reschedule"
        return await booking.clinic.desk.post(path, body, etag=f'"{etag}"')

    assert (await move("2026-03-05", 1)).status_code == 200
    refused(await move("2026-03-06", 2), 409, "units-exceeded", "/excess_reason")
    moved = await move("2026-03-06", 2, excess_reason="authorization_requested")
    assert moved.json()["starts_at"] == "2026-03-06T17:00:00Z"


async def test_who_takes_over_a_session_of_a_client_is_qualified_for_it(
    booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = created(await booking.book())
    lee = await staff(booking.clinic, booking.site, "Lee", credential=("lmft", None))
    policy = slot_policy()
    individual = policy.kinds["individual"].model_copy(update={"credentials": ("lcsw", "lpc")})
    strict = policy.model_copy(update={"kinds": {**policy.kinds, "individual": individual}})
    monkeypatch.setattr(rules, "slot_policy", lambda _: strict)
    address = f"/sessions/{made['id']}/staff"

    async def change(who: UUID) -> httpx.Response:
        new = {"facilitator_id": str(who), "cofacilitator_ids": []}
        return await booking.clinic.regional.post(address, new, etag='"1"')

    refused(await change(lee), 422, "staff-not-qualified", "/facilitator_id")
    assert (await change(booking.dana)).status_code == 200
