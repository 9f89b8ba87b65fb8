"""Lists that answer the day's questions: by site, day, state and cohort, counted, by an index."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from services.scheduling.placement.queries import list_placements, list_waiting
from services.scheduling.placement.schemas import AskedPlacements
from services.scheduling.sessions.queries import SessionPaging, list_sessions
from services.scheduling.sessions.schemas import AskedSessions
from shared.database import ALL_SITES, Transaction
from shared.web import Paging
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System

THREE_A_WEEK = [{**EVENING, "weekday": day} for day in (0, 2, 3)]


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def pages(clinic: Clinic, path: str, **asked: Any) -> tuple[list[dict[str, Any]], set[int]]:
    """All items over all pages, and the counts that the pages told."""
    items: list[dict[str, Any]] = []
    counts = set()
    while True:
        page = (await clinic.desk.get(path, **asked)).json()
        items += page["items"]
        counts.add(page["count"])
        if page["next"] is None:
            return items, counts
        asked["cursor"] = page["next"]


async def test_the_sessions_of_a_day_at_a_site_come_with_the_counts_of_their_rosters(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, slots=THREE_A_WEEK)
    late = await clinic.cohort(site, "Late")
    await clinic.curriculum(late, slots=[{**EVENING, "starts": "20:30"}])
    clients = [Enrolled(str(n), site) for n in range(5)]
    await clinic.tell(*(client.enrolment for client in clients))
    day = (await clinic.desk.get("/sessions", site_id=site, day="2026-03-02")).json()
    assert (day["count"], day["next"]) == (2, None)
    first, second = day["items"]
    assert [first["local_start"], second["local_start"]] == ["17:30", "20:30"]
    assert first["roster"]["expected"] + second["roster"]["expected"] == 5

    clinic.at(datetime(2026, 3, 3, 12, tzinfo=UTC))
    roster = (await clinic.desk.get(f"/sessions/{first['id']}/roster")).json()["entries"]
    statuses = ["present", "no_show"]
    for entry, status in zip(roster, statuses, strict=False):
        body = {"client_id": entry["client_id"], "status": status}
        created(await clinic.desk.post(f"/sessions/{first['id']}/attendance", body))
    shown = (await clinic.desk.get("/sessions", site_id=site, day="2026-03-02")).json()["items"][0]
    assert shown["roster"] == {
        "expected": len(roster),
        "recorded": 2,
        "present": 1,
        "missed": 1,
        "on_hold": 0,
        "not_held": 0,
    }
    assert shown == (await clinic.desk.get(f"/sessions/{first['id']}")).json()
    empty = (await clinic.desk.get("/sessions", site_id=site, day="2026-03-03")).json()
    assert (empty["count"], empty["items"]) == (0, [])


async def test_a_day_is_asked_for_with_its_site(clinic: Clinic) -> None:
    refused(await clinic.desk.get("/sessions", day="2026-03-02"), 422, "site-needed", "site_id")
    unknown = await clinic.desk.get("/sessions", day="2026-03-02", site_id=uuid4())
    refused(unknown, 404, "not-found", "site_id")
    bad = await clinic.desk.get("/sessions", day="2026-02-30", site_id=uuid4())
    refused(bad, 422, "invalid-request")


async def test_sessions_at_one_instant_are_each_on_one_page(clinic: Clinic) -> None:
    site = await clinic.site()
    for n in range(5):
        cohort = await clinic.cohort(site, str(n))
        await clinic.curriculum(cohort, weeks=2)
    items, counts = await pages(clinic, "/sessions", site_id=site, limit=4)
    assert counts == {10}
    assert len({one["id"] for one in items}) == len(items) == 10
    assert [one["starts_at"] for one in items] == sorted(one["starts_at"] for one in items)


async def test_placements_by_site_state_and_cohort(clinic: Clinic) -> None:
    here, there = await clinic.site("Here"), await clinic.site("There")
    women = await clinic.cohort(here, "Women", gender_group="women")
    mixed = await clinic.cohort(here, "Mixed")
    await clinic.cohort(there)
    her = [Enrolled(f"w{n}", here, gender_group="women") for n in range(3)]
    others = [Enrolled(f"m{n}", here) for n in range(4)]
    away = Enrolled("away", there)
    await clinic.tell(*(c.enrolment for c in (*her, *others, away)))
    await clinic.tell(her[0].changed("completed"), others[0].changed("lost"))

    async def names(**asked: Any) -> set[str]:
        items, counts = await pages(clinic, "/placements", limit=2, **asked)
        assert counts == {len(items)}
        known = {str(c.id): c.name for c in (*her, *others, away)}
        return {known[one["client_id"]] for one in items}

    assert await names(site_id=here) == {"w0", "w1", "w2", "m0", "m1", "m2", "m3"}
    assert await names(site_id=here, state="active") == {"w1", "w2", "m1", "m2", "m3"}
    assert await names(site_id=here, state="ended") == {"w0", "m0"}
    assert await names(cohort_id=mixed, state="active") == {"m1", "m2", "m3"}
    assert await names(cohort_id=women, state="ended") == {"w0"}
    assert await names(site_id=there) == {"away"}
    assert await names(site_id=there, cohort_id=women) == set()
    assert await names(state="active", client_id=her[0].id) == set()
    refused(await clinic.desk.get("/placements", state="gone"), 422, "invalid-request")


async def test_a_count_is_of_the_callers_sites(clinic: Clinic) -> None:
    here, there = await clinic.site("Here"), await clinic.site("There")
    for site, number in ((here, 2), (there, 3)):
        cohort = await clinic.cohort(site, capacity=1)
        await clinic.curriculum(cohort)
        clients = [Enrolled(f"{number}-{n}", site) for n in range(number)]
        await clinic.tell(*(client.enrolment for client in clients))
    mine = clinic.system.client("scheduling", "front_desk", [here])
    counts = {
        path: (await mine.get(path)).json()["count"]
        for path in ("/sessions", "/placements", "/waitlist")
    }
    assert counts == {"/sessions": 2, "/placements": 1, "/waitlist": 1}
    assert (await mine.get("/waitlist", site_id=there)).json()["count"] == 0


HISTORY = """
SET stepwell.sites = '*';
INSERT INTO sites (id, name, time_zone, opened_at)
SELECT md5('site' || n)::uuid, 'Site ' || n, 'America/Denver', '2020-01-01'
FROM generate_series(1, 20) n;
INSERT INTO cohorts (id, site_id, name, track, capacity, dual_diagnosis_trained, created_at)
SELECT md5('cohort' || n)::uuid, md5('site' || n % 20 + 1)::uuid, 'Cohort ' || n, 'general', 10,
  false, '2020-01-01' FROM generate_series(1, 100) n;
INSERT INTO curricula (id, site_id, cohort_id, starts_on, weeks, slots, sessions, first_starts_at,
  last_ends_at, weekly_minutes, created_at)
SELECT md5('curriculum' || n)::uuid, md5('site' || n % 20 + 1)::uuid, md5('cohort' || n)::uuid,
  '2020-01-01', 1, '[]', 1, '2020-01-01', '2020-01-02', 0, '2020-01-01'
FROM generate_series(1, 100) n;
INSERT INTO sessions (id, site_id, cohort_id, curriculum_id, starts_at, ends_at, time_zone, kind,
  topic, break_minutes)
SELECT md5('session' || c || '-' || d)::uuid, md5('site' || c % 20 + 1)::uuid,
  md5('cohort' || c)::uuid, md5('curriculum' || c)::uuid,
  '2020-01-01T17:00Z'::timestamptz + d * interval '1 day',
  '2020-01-01T20:00Z'::timestamptz + d * interval '1 day', 'America/Denver', 'group', 'x', 0
FROM generate_series(1, 100) c, generate_series(1, 400) d;
INSERT INTO placements (id, site_id, client_id, enrolment_id, cohort_id, criteria, considered,
  placed_at, ended_at, end_reason)
SELECT md5('placement' || n)::uuid, md5('site' || n % 20 + 1)::uuid, md5('client' || n)::uuid,
  md5('enrolment' || n)::uuid, md5('cohort' || n % 100 + 1)::uuid, '[]', '[]', '2020-01-01',
  CASE WHEN n % 49 > 0 THEN '2020-02-01'::timestamptz END,
  CASE WHEN n % 49 > 0 THEN 'completed' END
FROM generate_series(1, 20000) n;
INSERT INTO waitlist (id, site_id, client_id, enrolment_id, dual_diagnosis, criteria,
  waitlisted_at, enrolled_at, left_at, outcome)
SELECT md5('wait' || n)::uuid, md5('site' || n % 20 + 1)::uuid, md5('client' || n)::uuid,
  md5('enrolment' || n)::uuid, false, '[]', '2020-01-01', '2020-01-01',
  CASE WHEN n % 49 > 0 THEN '2020-02-01'::timestamptz END,
  CASE WHEN n % 49 > 0 THEN 'placed' END
FROM generate_series(1, 20000) n;
ANALYZE sites, cohorts, sessions, placements, waitlist, appointments, attendance;
"""
"""Years of a region, of which hardly anything is of today."""


@dataclass
class Noting(Transaction):
    """A transaction that keeps its queries."""

    asked: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        self.asked.append((query, args))
        return await super().fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        self.asked.append((query, args))
        return await super().fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        self.asked.append((query, args))
        return await super().fetchval(query, *args)


WHOLE = {"whole sessions", "whole placements", "whole waitlist"}
"""What no list may read: these grow with the years."""


def scans(plan: Any) -> set[str]:
    """The indexes by which the tables are read, and `whole …` for tables read from end to end."""
    found = {plan["Index Name"]} if "Index Name" in plan else set()
    if plan["Node Type"] == "Seq Scan":
        found.add(f"whole {plan['Relation Name']}")
    return found.union(*(scans(part) for part in plan.get("Plans", ())))


async def test_every_filter_is_answered_by_an_index_and_flat_with_history(clinic: Clinic) -> None:
    await clinic.system.execute_as_owner("scheduling", HISTORY)
    async with clinic.database.transaction(ALL_SITES) as opened:
        tx = Noting(opened.connection, opened.now, opened.sites)
        site: UUID = await tx.fetchval("SELECT md5('site3')::uuid")
        cohort: UUID = await tx.fetchval("SELECT md5('cohort42')::uuid")
        client: UUID = await tx.fetchval("SELECT md5('client7')::uuid")
        tx.asked.clear()
        first = SessionPaging(cursor=None, limit=50)
        page = await list_sessions(tx, first, AskedSessions(site_id=site, day=date(2020, 6, 1)))
        assert (page.count, len(page.items)) == (5, 5)
        further = SessionPaging(
            cursor=(await list_sessions(tx, first, AskedSessions(site_id=site))).next, limit=50
        )
        await list_sessions(tx, further, AskedSessions(site_id=site))
        await list_sessions(tx, further, AskedSessions(cohort_id=cohort))
        await list_sessions(tx, further, AskedSessions())
        start = Paging(cursor=None, limit=50)
        for asked in (
            AskedPlacements(site_id=site),
            AskedPlacements(site_id=site, state="active"),
            AskedPlacements(site_id=site, state="ended"),
            AskedPlacements(cohort_id=cohort),
            AskedPlacements(cohort_id=cohort, state="active"),
            AskedPlacements(client_id=client),
        ):
            await list_placements(tx, start, asked)
        waiting = await list_waiting(tx, Paging(cursor=None, limit=5), site)
        assert waiting.next is not None
        await list_waiting(tx, Paging(cursor=waiting.next, limit=5), site)
        used: set[str] = set()
        for query, args in tx.asked:
            found = await tx.connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *args)
            read = scans(orjson.loads(found)[0]["Plan"])
            asks_for_all = "WHERE" not in query and query.endswith("LIMIT 1000) AS counted")
            assert asks_for_all or not read & WHOLE, (query, read)
            used |= read
        opened.opened = tx.opened
    assert {
        *("sessions_of_site", "sessions_of_cohort", "waitlist_by_turn"),
        *("placements_of_site", "placements_of_site_now", "placements_of_client"),
    } <= used
