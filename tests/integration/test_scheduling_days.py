"""A day at a site, and the week of a site, a person or a room, in one call each."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from services.scheduling.days.queries import CLIENTS, NAMES, OF_RESOURCE, OF_SITE
from shared.database import ALL_SITES, Transaction
from tests.support.directory import room, sql, staff
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


def words(found: Any) -> Any:
    return [
        (
            one["local_start"],
            one["kind"],
            None if one["room"] is None else one["room"]["name"],
            [who["name"] for who in one["therapists"]],
        )
        for one in found
    ]


async def test_a_day_shows_its_sessions_with_room_therapists_and_who_is_there(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, slots=(EVENING,))
    ana, bea = Enrolled("ana", site), Enrolled("bea", site)
    await clinic.tell(ana.enrolment, bea.enrolment)
    dana, lee = await staff(clinic, site, "Dana"), await staff(clinic, site, "Lee")
    blue, green = await room(clinic, site, "Blue room"), await room(clinic, site, "Green room")
    group, _ = await clinic.sessions(cohort)
    book = """
    INSERT INTO bookings SELECT s.id, $2, $3, s.site_id, tstzrange(s.starts_at, s.ends_at)
    FROM sessions s WHERE s.id = $1
    """
    for taken, kind in ((dana, "facilitator"), (lee, "cofacilitator"), (blue, "room")):
        await sql(clinic, book, group["id"], taken, kind)
    own = {
        "site_id": str(site),
        "kind": "individual",
        "client_ids": [str(ana.id)],
        "day": "2026-03-02",
        "starts": "10:00",
        "minutes": 50,
        "facilitator_id": str(lee),
        "room_id": str(green),
    }
    created(await clinic.desk.post("/sessions", own))
    clinic.at(datetime.fromisoformat("2026-03-03T01:00:00Z"))
    came = {"client_id": str(ana.id)}
    created(await clinic.desk.post(f"/sessions/{group['id']}/check-ins", came))
    clinic.at(datetime.fromisoformat("2026-03-03T02:15:00Z"))
    created(await clinic.desk.post(f"/sessions/{group['id']}/check-outs", came))
    entry = {"client_id": str(bea.id), "status": "present"}
    created(await clinic.desk.post(f"/sessions/{group['id']}/attendance", entry))
    statements: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        ask = getattr(Transaction, name)

        async def counted(tx: Transaction, query: str, *args: object, ask: Any = ask) -> Any:
            statements.append(query)
            return await ask(tx, query, *args)

        monkeypatch.setattr(Transaction, name, counted)
    shown = (await clinic.desk.get(f"/sites/{site}/day", date="2026-03-02")).json()
    assert len(statements) == 6, "however many sessions there are, with the note of who looked"
    assert words(shown["sessions"]) == [
        ("10:00", "individual", "Green room", ["Lee"]),
        ("17:30", "group", "Blue room", ["Dana", "Lee"]),
    ]
    assert (shown["closed"], shown["starts_at"]) == (None, "2026-03-02T07:00:00Z")
    one = shown["sessions"][1]
    assert (one["roster"]["expected"], one["roster"]["present"], one["checked_in"]) == (2, 1, 2)
    noted = ("checked_in_at", "checked_out_at", "status")
    assert {c["client_id"]: [c[name] for name in noted] for c in one["clients"]} == {
        str(ana.id): ["2026-03-03T01:00:00Z", "2026-03-03T02:15:00Z", None],
        str(bea.id): [None, None, "present"],
    }
    assert [c["checked_in"] for c in shown["sessions"][0]["clients"]] == [False]
    statements.clear()
    week = (await clinic.desk.get("/weeks/2026-W10", staff_id=lee)).json()
    assert len(statements) == 4
    assert [len(day["sessions"]) for day in week["days"]] == [2, 0, 0, 0, 0, 0, 0]
    of_room = (await clinic.desk.get("/weeks/2026-W10", room_id=blue)).json()
    assert words(of_room["days"][0]["sessions"]) == words([one])
    of_site = (await clinic.desk.get("/weeks/2026-W11", site_id=site)).json()
    assert [len(day["sessions"]) for day in of_site["days"]] == [1, 0, 0, 0, 0, 0, 0]
    assert str(ana.id) not in str(of_site)


async def test_a_day_of_a_change_of_clocks_is_that_of_the_site(clinic: Clinic) -> None:
    site = await clinic.site(time_zone="America/St_Johns")
    await sql(clinic, "INSERT INTO closed_days VALUES ($1, '2026-03-08', 'Storm', 'closure')", site)
    shown = (await clinic.desk.get(f"/sites/{site}/day", date="2026-03-08")).json()
    assert (shown["starts_at"], shown["ends_at"], shown["closed"], shown["sessions"]) == (
        "2026-03-08T03:30:00Z",
        "2026-03-09T02:30:00Z",
        "Storm",
        [],
    )


async def test_a_day_without_a_date_is_today_at_the_site(clinic: Clinic) -> None:
    west, east = await clinic.site(), await clinic.site("Island", time_zone="Pacific/Auckland")
    days = [(await clinic.desk.get(f"/sites/{site}/day")).json()["day"] for site in (west, east)]
    assert days == ["2026-02-23", "2026-02-24"]


async def test_a_week_is_of_one_whom_the_caller_may_see(clinic: Clinic) -> None:
    site, there = await clinic.site(), await clinic.site("There")
    dana, hall = await staff(clinic, site), await room(clinic, site)
    refused(await clinic.desk.get("/weeks/2026-W10"), 422, "subject-needed", "site_id")
    both = await clinic.desk.get("/weeks/2026-W10", site_id=site, room_id=hall)
    refused(both, 422, "subject-needed", "site_id")
    refused(await clinic.desk.get("/weeks/2026-W54", site_id=site), 422, "bad-week", "week")
    refused(await clinic.desk.get(f"/sites/{uuid4()}/day", date="2026-03-02"), 404, "not-found")
    elsewhere = clinic.system.client("scheduling", "front_desk", [there])
    for subject in ({"site_id": site}, {"staff_id": dana}, {"room_id": hall}):
        refused(await elsewhere.get("/weeks/2026-W10", **subject), 404, "not-found")


async def test_days_and_weeks_are_found_by_indexes(clinic: Clinic) -> None:
    some, now = uuid4(), datetime.fromisoformat("2026-03-02T00:00:00Z")
    async with clinic.database.transaction(ALL_SITES) as tx:
        await tx.execute("SET LOCAL enable_seqscan = off")
        for query, *args in (
            (OF_SITE, some, now, now),
            (OF_RESOURCE, some, now, now),
            (NAMES, [some]),
            (CLIENTS, [some]),
        ):
            plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {query}", *args))
            assert "Seq Scan" not in plan, plan
