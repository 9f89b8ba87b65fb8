"""Calendars by secret addresses: who gets one, what it shows, and what it keeps to itself."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from icalendar import Calendar, Event

from tests.support.directory import room, sql, staff
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def issued(clinic: Clinic, site: UUID, **other: Any) -> dict[str, Any]:
    body = {"site_id": str(site), "language": "en", **other}
    return created(await clinic.desk.post("/calendar-links", body))


async def read(clinic: Clinic, address: str, **headers: str) -> httpx.Response:
    port = clinic.system.ports["scheduling"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as anybody:
        return await anybody.get(address)


async def events(clinic: Clinic, address: str) -> list[Event]:
    answer = await read(clinic, address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def told(event: Event) -> tuple[str, str, int, datetime]:
    return str(event["summary"]), str(event["status"]), event["sequence"], event["dtstart"].dt


async def of_hour(clinic: Clinic, link: dict[str, Any], hour: int) -> Event:
    """The event of a calendar that begins in that hour of UTC."""
    found = [e for e in await events(clinic, link["address"]) if e["dtstart"].dt.hour == hour]
    (event,) = found
    return event


async def test_a_calendar_follows_the_sessions_of_whom_it_is_of(clinic: Clinic) -> None:
    site = await clinic.site("Cedar Ridge Recovery")
    cohort = await clinic.cohort(site, "Evening trauma group")
    await clinic.curriculum(cohort, slots=(EVENING,))
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    dana, office = await staff(clinic, site), await room(clinic, site, "Blue room")
    body = {
        "site_id": str(site),
        "kind": "individual",
        "client_ids": [str(ana.id)],
        "day": "2026-03-09",
        "starts": "10:00",
        "minutes": 50,
        "facilitator_id": str(dana),
        "room_id": str(office),
    }
    own = created(await clinic.desk.post("/sessions", body))
    hers = await issued(clinic, site, client_id=str(ana.id), language="es")
    theirs = await issued(clinic, site, staff_id=str(dana))
    of_room = await issued(clinic, site, room_id=str(office))
    first, second, third = await events(clinic, hers["address"])
    assert [told(e) for e in (first, second, third)] == [
        ("Cita", "CONFIRMED", 1, datetime(2026, 3, 3, 0, 30, tzinfo=UTC)),
        ("Cita", "CONFIRMED", 1, datetime(2026, 3, 9, 16, 0, tzinfo=UTC)),
        ("Cita", "CONFIRMED", 1, datetime(2026, 3, 9, 23, 30, tzinfo=UTC)),
    ]
    assert second["dtend"].dt == datetime(2026, 3, 9, 16, 50, tzinfo=UTC)
    (staff_event,) = await events(clinic, theirs["address"])
    assert (str(staff_event["summary"]), str(staff_event["location"])) == (
        "Individual",
        "Blue room",
    )
    assert len({str(e["uid"]) for e in (first, second, third, staff_event)}) == 4
    manager = clinic.system.client("scheduling", "site_manager", [site])
    path, later = f"/sessions/{own['id']}", {"day": "2026-03-09", "starts": "11:00"}
    moved = await manager.post(f"{path}/reschedule", later, etag='"1"')
    assert moved.status_code == 200, moved.text
    after = [await of_hour(clinic, one, 17) for one in (hers, theirs, of_room)]
    assert [(str(e["status"]), e["sequence"]) for e in after] == 3 * [("CONFIRMED", 4)]
    assert (after[0]["uid"], after[1]["uid"]) == (second["uid"], staff_event["uid"])
    gone = await manager.post(f"{path}/cancel", {"reason": "staff_absent"}, etag='"2"')
    assert gone.status_code == 200, gone.text
    over = [await of_hour(clinic, one, 17) for one in (hers, theirs, of_room)]
    assert [(str(e["status"]), e["sequence"]) for e in over] == 3 * [("CANCELLED", 6)]
    assert [e["uid"] for e in over] == [e["uid"] for e in after]
    for link in (hers, theirs, of_room):
        text = (await read(clinic, link["address"])).text
        for word in ("Cedar", "Recovery", "trauma", "Coping", "Dana", str(ana.id), own["id"]):
            assert word not in text
        assert "BEGIN:VTIMEZONE" not in text
        assert "RRULE" not in text


async def test_who_is_expected_again_has_the_same_event_with_a_higher_sequence(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, weeks=1, slots=(EVENING,))
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    link = await issued(clinic, site, client_id=str(ana.id))
    seen = await events(clinic, link["address"])
    await clinic.tell(ana.changed("transferred"))
    seen += await events(clinic, link["address"])
    await clinic.tell(Enrolled("ana", site, id=ana.id).enrolment)
    seen += await events(clinic, link["address"])
    assert [(str(e["status"]), e["sequence"]) for e in seen] == [
        ("CONFIRMED", 1),
        ("CANCELLED", 2),
        ("CONFIRMED", 3),
    ]
    assert len({str(e["uid"]) for e in seen}) == 1


async def test_a_calendar_is_sent_again_only_when_it_changed(clinic: Clinic) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, slots=(EVENING,))
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    link = await issued(clinic, site, client_id=str(ana.id))
    first = await read(clinic, link["address"])
    assert first.headers["cache-control"] == "private, no-cache"
    tag = {"If-None-Match": f'"x", W/{first.headers["etag"]}'}
    same = await read(clinic, link["address"], **tag)
    assert (same.status_code, same.content, same.headers["etag"]) == (
        304,
        b"",
        first.headers["etag"],
    )
    looked = await clinic.system.fetch(
        "scheduling",
        "SELECT client_id, subject, role FROM platform.audit WHERE operation = 'show_calendar'",
    )
    assert [tuple(row) for row in looked] == [(ana.id, f"calendar:{link['id']}", "client")]
    (monday, _) = await clinic.sessions(cohort)
    answer = await clinic.desk.post(
        f"/sessions/{monday['id']}/cancel", {"reason": "weather"}, etag='"1"'
    )
    assert answer.status_code == 200, answer.text
    assert (await read(clinic, link["address"], **tag)).status_code == 200
    for _ in range(20):
        answer = await read(clinic, link["address"], **tag)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 6


async def test_the_secret_is_told_once_and_reads_nothing_when_revoked(clinic: Clinic) -> None:
    site = await clinic.site()
    dana = await staff(clinic, site)
    body = {"site_id": str(site), "staff_id": str(dana), "language": "en"}
    made = created(await clinic.desk.post("/calendar-links", body, key="k"))
    secret = made["address"].removeprefix("/calendars/").removesuffix(".ics")
    again = await clinic.desk.post("/calendar-links", body, key="k")
    assert again.json() == {**made, "address": None}
    listed = await clinic.desk.get("/calendar-links", site_id=site)
    assert listed.json()["items"] == [{**made, "address": None}]
    assert (await read(clinic, made["address"])).status_code == 200
    path = f"/calendar-links/{made['id']}"
    gone = await clinic.desk.delete(path, etag='"1"')
    assert (gone.status_code, gone.json()["version"]) == (200, 2), gone.text
    refused(await clinic.desk.delete(path, etag='"2"'), 409, "link-revoked")
    refused(await read(clinic, made["address"]), 404, "not-found")
    refused(await read(clinic, "/calendars/unknown.ics"), 404, "not-found")
    metrics = (await read(clinic, "/metrics")).text
    assert 'route="/calendars/{secret}.ics"' in metrics
    assert secret not in metrics
    for table in ("calendar_links", "platform.idempotency_keys", "platform.audit"):
        rows = await clinic.system.fetch("scheduling", f"SELECT * FROM {table}")
        assert secret not in str(rows)


async def test_a_calendar_is_of_the_site_and_in_a_language_that_is_known(clinic: Clinic) -> None:
    site, there = await clinic.site(), await clinic.site("There")
    dana, hall = await staff(clinic, site), await room(clinic, site)
    ana = Enrolled("ana", site)
    for pointer, wrong in (
        ("/staff_id", {"staff_id": str(dana)}),
        ("/room_id", {"room_id": str(hall)}),
        ("/client_id", {"client_id": str(ana.id)}),
    ):
        body = {"site_id": str(there), "language": "en", **wrong}
        refused(await clinic.desk.post("/calendar-links", body), 404, "not-found", pointer)
    body = {"site_id": str(site), "language": "xx", "staff_id": str(dana)}
    refused(await clinic.desk.post("/calendar-links", body), 422, "language-unknown", "/language")
    refused(
        await clinic.desk.post("/calendar-links", {**body, "room_id": str(hall)}),
        422,
        "invalid-request",
    )
    link = await issued(clinic, site, staff_id=str(dana))
    elsewhere = clinic.system.client("scheduling", "front_desk", [there])
    refused(await elsewhere.delete(f"/calendar-links/{link['id']}", etag='"1"'), 404, "not-found")
    await sql(clinic, "UPDATE staff SET left_at = now() WHERE id = $1", dana)
    refused(await read(clinic, link["address"]), 404, "not-found")
