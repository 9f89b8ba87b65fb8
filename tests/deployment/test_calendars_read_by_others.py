"""Our calendars are the same to every reader: the same sessions, at the same instants."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from icalendar import Calendar, Event

from services.scheduling.calendars.policy import feed_policy
from services.scheduling.calendars.rules import Entry, Feed, render
from tests.support.calendar_readers import READERS, Held
from tests.support.directory import room, staff
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic
from tests.support.system import System

pytestmark = pytest.mark.slow

DENVER = ZoneInfo("America/Denver")
HOUR = timedelta(hours=1)
SESSIONS = """
SELECT starts_at, ends_at, not_held_at IS NOT NULL AS gone FROM sessions ORDER BY starts_at
"""


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        opened.at(datetime(2026, 10, 15, 14, tzinfo=UTC))
        yield opened


async def of_client(clinic: Clinic, client: Enrolled) -> bytes:
    """The calendar of a client, as whoever has its address gets it."""
    body = {"site_id": str(client.site_id), "language": "es", "client_id": str(client.id)}
    link = created(await clinic.desk.post("/calendar-links", body))
    port = clinic.system.ports["scheduling"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as anybody:
        return (await anybody.get(link["address"])).content


def read_alike(content: bytes, folder: Path) -> list[Held]:
    """What every reader shows."""
    first, *others = (reader(content, folder) for reader in READERS)
    for other in others:
        assert other == first
    return first


async def book(
    clinic: Clinic, client: Enrolled, person: UUID, place: UUID, day: str
) -> dict[str, Any]:
    body = {
        "site_id": str(client.site_id),
        "kind": "individual",
        "client_ids": [str(client.id)],
        "day": day,
        "starts": "10:00",
        "minutes": 50,
        "facilitator_id": str(person),
        "room_id": str(place),
    }
    return created(await clinic.desk.post("/sessions", body))


async def test_a_calendar_with_a_move_a_cancellation_and_a_change_of_clocks(
    clinic: Clinic, tmp_path: Path
) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, starts_on="2026-10-19", weeks=4, slots=(EVENING,))
    ana, dana = Enrolled("ana", site), await staff(clinic, site)
    office = await room(clinic, site, "Blue room")
    await clinic.tell(ana.enrolment)
    moved = await book(clinic, ana, dana, office, "2026-10-30")
    gone = await book(clinic, ana, dana, office, "2026-11-03")
    manager = clinic.system.client("scheduling", "site_manager", [site])
    later = {"day": "2026-11-02", "starts": "10:00"}
    path = f"/sessions/{moved['id']}"
    assert (await manager.post(f"{path}/reschedule", later, etag='"1"')).status_code == 200
    path = f"/sessions/{gone['id']}/cancel"
    assert (await manager.post(path, {"reason": "staff_absent"}, etag='"1"')).status_code == 200

    found = read_alike(await of_client(clinic, ana), tmp_path)
    rows = await clinic.system.fetch("scheduling", SESSIONS)
    assert [(one.starts, one.ends, one.status == "CANCELLED") for one in found] == [
        (row["starts_at"], row["ends_at"], row["gone"]) for row in rows
    ]
    assert [one.starts.astimezone(DENVER).strftime("%m-%d %H:%M") for one in found] == [
        "10-19 17:30",
        "10-26 17:30",
        "11-02 10:00",
        "11-02 17:30",
        "11-03 10:00",
        "11-09 17:30",
    ]
    assert len({one.uid for one in found}) == 6

    clinic.at(datetime(2029, 6, 25, 14, tzinfo=UTC))
    await book(clinic, ana, dana, office, "2029-07-02")
    (only,) = read_alike(await of_client(clinic, ana), tmp_path)
    assert only.starts == datetime(2029, 7, 2, 16, tzinfo=UTC), "summer time, as then"


def test_a_session_three_summers_ahead(tmp_path: Path) -> None:
    issued = datetime(2026, 11, 29, 12, tzinfo=UTC)
    times = [
        datetime(year, month, 2, 18, tzinfo=DENVER).astimezone(UTC)
        for year in (2026, 2027, 2028, 2029)
        for month in (1, 7)
    ]
    entries = tuple(
        Entry(UUID(int=n), UUID(int=99), "group", at, at + HOUR, n, n % 2 == 0, None)
        for n, at in enumerate(times, 1)
    )
    found = read_alike(render(Feed("client", "en", issued, entries), feed_policy()), tmp_path)
    assert [(one.starts, one.ends, one.sequence) for one in found] == [
        (at, at + HOUR, n) for n, at in enumerate(times, 1)
    ]
    assert {one.starts.hour for one in found} == {0, 1}, "both halves of the year"


def test_zones_that_are_written_out_by_a_library_are_read_in_several_ways(tmp_path: Path) -> None:
    """Why there are none in our calendars."""
    calendar, at = Calendar(), datetime(2029, 7, 2, 18, tzinfo=DENVER)
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Calendar//1//EN")
    event = Event()
    given = {"uid": "a", "dtstamp": at.astimezone(UTC), "sequence": 1, "status": "CONFIRMED"}
    for name, value in {**given, "dtstart": at, "dtend": at + HOUR}.items():
        event.add(name, value)
    calendar.add_component(event)
    calendar.add_missing_timezones()
    content = bytes(calendar.to_ical())
    assert len({reader(content, tmp_path)[0].starts for reader in READERS}) > 1
