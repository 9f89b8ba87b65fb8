"""Sessions of one client: free times, booking, and what becomes of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.scheduling import (
    SessionAttended,
    SessionCancelled,
    SessionNotHeld,
    SessionScheduled,
)
from tests.support.directory import room, sql, staff
from tests.support.merges import merged
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System

MORNINGS = [(day, 9 * 60, 12 * 60) for day in range(1, 6)]
TUESDAY = "2026-03-03T10:00"


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
            "local_start": TUESDAY,
            "minutes": 50,
            "facilitator_id": str(self.dana),
            "room_id": str(self.room),
            **other,
        }
        return await self.clinic.desk.post(
            "/sessions", {name: value for name, value in body.items() if value is not None}
        )

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
    assert first["local_start"] == "2026-03-02T09:00"
    assert [one["name"] for one in first["criteria"] if one["met"]] == [
        "day_with_session",
        "caseload",
    ]
    assert all("09:00" <= one["local_start"][11:] <= "11:10" for one in others)
    made = created(await booking.book(local_start=None, starts_at=first["starts_at"]))
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


async def test_what_stands_against_a_session_is_named(booking: Booking) -> None:
    clinic, site = booking.clinic, booking.site
    unlicensed = await staff(clinic, site, "Kim", credential=("LCSW", "2026-03-02"))
    small = await room(clinic, site, "Booth", capacity=1)
    await sql(
        clinic, "INSERT INTO closed_days VALUES ($1, '2026-03-04', 'Inventory', 'closure')", site
    )
    await sql(clinic, "INSERT INTO opening_hours VALUES ($1, 2, 480, 1200)", site)
    await sql(
        clinic,
        "INSERT INTO staff_leave VALUES ($1, $1, tstzrange('2026-03-10', '2026-03-11'), now())",
        booking.dana,
    )
    stranger = Enrolled("bea", site)
    for status, slug, pointer, wrong in (
        (422, "local-time-skipped", "/local_start", {"local_start": "2026-03-08T02:30"}),
        (422, "local-time-twice", "/local_start", {"local_start": "2026-11-01T01:30"}),
        (422, "session-in-past", "/local_start", {"local_start": "2026-02-23T06:59"}),
        (422, "bad-length", "/minutes", {"minutes": 5}),
        (422, "too-many-clients", "/client_ids", {"client_ids": [str(booking.ana.id)] * 2}),
        (
            422,
            "client-twice",
            "/client_ids/1",
            {"kind": "family", "client_ids": [str(booking.ana.id)] * 2},
        ),
        (409, "not-placed-here", "/client_ids/0", {"client_ids": [str(stranger.id)]}),
        (422, "site-closed", "/local_start", {"local_start": "2026-03-04T10:00"}),
        (422, "outside-opening-hours", "/local_start", {"local_start": "2026-03-03T19:30"}),
        (404, "not-found", "/facilitator_id", {"facilitator_id": str(stranger.id)}),
        (422, "staff-not-qualified", "/facilitator_id", {"facilitator_id": str(unlicensed)}),
        (422, "outside-working-hours", "/facilitator_id", {"local_start": "2026-03-03T11:30"}),
        (422, "staff-on-leave", "/facilitator_id", {"local_start": "2026-03-10T10:00"}),
        (404, "not-found", "/room_id", {"room_id": str(stranger.id)}),
        (422, "room-too-small", "/room_id", {"room_id": str(small)}),
        (422, "invalid-request", "/local_start", {"local_start": "2026-03-03T10:00:00Z"}),
        (422, "invalid-request", "", {"local_start": None}),
    ):
        refused(await booking.book(**wrong), status, slug, pointer)
    told = len(await clinic.published())
    created(await booking.book())
    lee = await staff(clinic, site, "Lee")
    second = await room(clinic, site, "Room 2")
    for slug, pointer, other in (
        ("staff-busy", "/facilitator_id", {}),
        ("room-busy", "/room_id", {"facilitator_id": str(lee)}),
        ("client-busy", "/client_ids/0", {"facilitator_id": str(lee), "room_id": str(second)}),
    ):
        answer = await booking.book(**other, local_start="2026-03-03T10:15")
        refused(answer, 409, slug, pointer)
        assert "from 10:00 to 10:50" in answer.text
    assert len(await clinic.published()) == told + 1


async def test_a_session_of_one_client_is_attended_counted_and_cancelled_as_any_other(
    booking: Booking,
) -> None:
    clinic, ana = booking.clinic, booking.ana
    made = created(await booking.book())
    other = created(await booking.book(local_start="2026-03-05T10:00"))
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
    created(await booking.book(local_start="2026-03-05T10:00"))
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
    family = created(await booking.book(**both, local_start="2026-03-05T10:00"))
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
