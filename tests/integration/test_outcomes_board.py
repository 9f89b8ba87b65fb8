"""The region board: figures, the lists behind them, the caller's sites, events in any order."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.outcomes.board import live
from services.outcomes.board.figures import LISTED
from services.outcomes.board.queries import show_board
from services.outcomes.directory.schemas import Area
from shared.database import ALL_SITES, Database
from tests.support.board import History, apply, named
from tests.support.outcomes import opened
from tests.support.system import System

NOON = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)
"""Monday noon at Denver, the day after the change of clocks."""
HERE, THERE = UUID(int=71), UUID(int=72)


def ago(**time: float) -> datetime:
    return NOON - timedelta(**time)


def history() -> History:
    """Three weeks of a site, with one other beside it."""
    told = History(THERE)
    told.opened(ago(days=30), capacity=4, zone="Pacific/Honolulu")
    told.enrolled("zoe", ago(days=8))
    told.placed("zoe", ago(days=8))
    told.session("zoe", "there", ago(hours=2))
    told.site = HERE
    told.opened(ago(days=30), capacity=3)
    for who in ("ana", "ben", "cleo", "dora", "eve"):
        told.referred(who, ago(days=12))
        told.tell(
            "ReferralStateChanged",
            who,
            referral_id=f"r {who}",
            from_state="assessed",
            to_state="accepted",
            reason=None,
            changed_at=ago(days=10),
        )
        told.enrolled(who, ago(days=10))
    told.placed("ana", ago(days=10))
    told.placed("ben", ago(days=10))
    told.changed("ben", ago(days=2), "on_hold")
    told.waits("cleo", ago(days=10))
    told.waits("dora", ago(days=4, hours=13))  # at Denver still the day before
    told.waits("eve", ago(days=9))
    told.changed("eve", ago(days=1), "lost")
    told.offered("cleo", ago(hours=1), NOON + timedelta(hours=23))
    told.referred("finn", ago(days=15))
    told.referred("gus", ago(days=5, hours=1))
    told.referred("hal", ago(days=1))
    for name, at in (("yesterday", ago(hours=20)), ("today", ago(hours=2)), ("later", NOON)):
        for who in ("ana", "ben"):
            told.session(who, name, at)
    told.session("ana", "today", ago(hours=2), "missed")
    told.session("ana", "today", ago(hours=2), "came")
    told.session("ben", "today", ago(hours=2), "excused")
    told.session("ana", "weather", ago(hours=3))
    told.session("ana", "weather", ago(hours=3), "not held")
    told.session("ana", "yesterday", ago(hours=20), "missed")
    told.hours("ana", ago(hours=5), "2026-W11")
    told.hours("ben", ago(hours=5), "2026-W11")
    told.hours("ben", ago(hours=4), "2026-W11", "WeeklyHoursShortageLifted")
    told.hours("ana", ago(days=7), "2026-W09", "WeeklyHoursShort")
    told.hours("eve", ago(days=7), "2026-W09", "WeeklyHoursShort")
    told.flagged("ana", ago(minutes=30))
    told.flagged("ben", ago(days=3))
    told.flagged("ben", ago(days=9), "old")
    told.flagged("cleo", ago(days=9), "seen")
    told.acknowledged("cleo", ago(days=8), "seen")
    told.enrolled("ana at her aunt's", ago(days=9))
    told.merged("ana", "ana at her aunt's", ago(days=3))
    told.enrolled("dora the second", ago(days=9))
    told.merged("dora", "dora the second", ago(days=3))
    told.parted("dora", "dora the second", ago(days=2))
    return told


EXPECTED = {
    "census": 5.0,
    "on_hold": 1.0,
    "capacity": 3.0,
    "seats_taken": 2.0,
    "seats_held": 1.0,
    "seats_free": 0.0,
    "waiting": 2.0,
    "waiting_longest_days": 10.0,
    "waiting_median_days": 7.5,
    "referrals_open": 3.0,
    "referrals_due_soon": 1.0,
    "referrals_overdue": 1.0,
    "sessions_today": 2.0,
    "expected_today": 4.0,
    "came_today": 1.0,
    "missed_today": 0.0,
    "excused_today": 1.0,
    "hours_at_risk": 1.0,
    "hours_short": 1.0,
    "flags_open": 3.0,
    "flags_late": 2.0,
    "flags_under_a_day": 1.0,
    "flags_one_to_seven_days": 1.0,
    "flags_over_seven_days": 1.0,
    "measures_overdue": 0.0,
    "recommendations_open": 0.0,
}


@pytest.fixture
async def database(system: System) -> AsyncIterator[Database]:
    system.set_clock(NOON)
    async with opened(system, "outcomes") as database:
        yield database


def values(figures: dict[str, Any]) -> dict[str, float]:
    return {name: figure["value"] for name, figure in figures.items()}


async def test_each_figure_leads_to_the_list_of_those_whom_it_counts(
    system: System, database: Database
) -> None:
    await system.start("outcomes", roles=("api",))
    await apply(database, history().received)
    lead = system.client("outcomes", "clinical_lead", [HERE])
    board = (await lead.get("/board")).json()
    (site,) = board["sites"]
    assert (site["site_id"], site["today"]) == (str(HERE), "2026-03-09")
    assert values(site["figures"]) == EXPECTED == values(board["total"])
    assert site["figures"]["census"]["definition"] == "board.census.v1"
    assert {one["figure"] for one in board["definitions"]} == set(site["figures"])
    for figure in LISTED:
        listed = (await lead.get(f"/board/{figure}", limit=1)).json()
        count, found, pages = listed["count"], len(listed["items"]), 1
        while listed["next"]:
            listed = (await lead.get(f"/board/{figure}", limit=1, cursor=listed["next"])).json()
            found, pages = found + len(listed["items"]), pages + 1
        assert found == count == (board["total"][figure]["value"] or 0), figure
    waiting = (await lead.get("/board/waiting")).json()["items"]
    assert {one["client_id"] for one in waiting} == {str(named("cleo")), str(named("dora"))}
    everywhere = system.client("outcomes", "regional_operations")
    both = (await everywhere.get("/board", region_id=named("region"))).json()
    assert [site["site_id"] for site in both["sites"]] == [str(HERE), str(THERE)]
    assert both["total"]["census"]["value"] == 6
    assert both["total"]["sessions_today"]["value"] == 3
    assert (await everywhere.get("/board", region_id=uuid4())).json()["sites"] == []


async def test_lists_of_clinical_facts_are_for_clinicians_and_other_sites_do_not_exist(
    system: System, database: Database
) -> None:
    await system.start("outcomes", roles=("api",))
    await apply(database, history().received)
    desk = system.client("outcomes", "front_desk", [HERE])
    assert (await desk.get("/board/flags_open")).status_code == 403
    assert (await desk.get("/board/waiting")).json()["count"] == 2
    assert (await desk.get("/board", site_id=THERE)).json()["sites"] == []
    assert (await desk.get("/board/census", site_id=THERE)).json()["items"] == []
    assert (await desk.get("/board/nonsense")).status_code == 404
    regional = system.client("outcomes", "regional_operations")
    assert (await regional.get("/board/census")).status_code == 403


async def test_a_history_told_late_doubled_and_in_any_order_gives_the_same_board(
    database: Database,
) -> None:
    told = history().received

    async def board() -> dict[str, Any]:
        async with database.transaction(ALL_SITES) as tx:
            shown = (await show_board(tx, Area())).model_dump(mode="json")
        for site in shown["sites"]:
            del site["change"]
        return {"sites": shown["sites"], "total": shown["total"]}

    async def shuffled(order: random.Random) -> dict[str, Any]:
        await emptied(database)
        mixed = told + order.sample(told, len(told) // 3)
        order.shuffle(mixed)
        while mixed:
            size = order.randint(1, 60)
            await apply(database, mixed[:size])
            mixed = mixed[size:]
        return await board()

    await apply(database, told)
    in_order = await board()
    assert values(in_order["sites"][0]["figures"]) == EXPECTED
    loop = asyncio.get_running_loop()

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def same(order: random.Random) -> None:
        found = asyncio.run_coroutine_threadsafe(shuffled(order), loop).result(30)
        assert found == in_order

    await asyncio.to_thread(same)


async def emptied(database: Database) -> None:
    async with database.transaction(ALL_SITES) as tx:
        for table in ("board_facts", "board_cohorts", "sites", "platform.merges"):
            await tx.execute(f"DELETE FROM {table}")


class Following:
    """Somebody who follows the board."""

    def __init__(self, answer: httpx.Response) -> None:
        self.lines = answer.aiter_lines()

    async def event(self) -> tuple[str, int, dict[str, Any]]:
        """The next event: its name, id and data."""
        found: dict[str, str] = {}
        async with asyncio.timeout(5):
            async for line in self.lines:
                if not line and found:
                    break
                name, _, value = line.partition(": ")
                if name:
                    found[name] = value
        return found["event"], int(found.get("id", 0)), json.loads(found["data"])


async def test_whoever_follows_is_told_within_a_second_and_misses_nothing_when_away(
    system: System, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE_SECONDS", 0.2)
    await system.start("outcomes", roles=("api",))
    told = history()
    await apply(database, told.received)
    lead = system.client("outcomes", "clinical_lead", [HERE]).http
    async with lead.stream("GET", "/board/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        follower = Following(answer)
        name, number, first = await follower.event()
        assert (name, first["whole"]) == ("board", True)
        assert values(first["total"]) == EXPECTED
        there = History(THERE, numbers=told.numbers)
        there.enrolled("yan", ago(minutes=9))
        await apply(database, there.received)
        here = History(HERE, numbers=told.numbers)
        here.enrolled("ida", ago(minutes=9))
        began = time.monotonic()
        await apply(database, here.received)
        _, latest, next_one = await follower.event()
        assert time.monotonic() - began < 1
        assert [site["site_id"] for site in next_one["sites"]] == [str(HERE)]
        assert next_one["total"]["census"]["value"] == 6
        while latest == number:  # what is told may be newer than its number, which follows
            _, latest, next_one = await follower.event()
        assert (latest > number, next_one["whole"]) == (True, False)
    missed = History(HERE, numbers=told.numbers)
    missed.changed("ida", NOON, "lost")
    await apply(database, missed.received)
    again = {"Last-Event-ID": str(latest)}
    async with lead.stream("GET", "/board/events", headers=again) as answer:
        _, _, back = await Following(answer).event()
        assert (back["missed_site_ids"], back["whole"]) == ([str(HERE)], True)
        assert back["total"]["census"]["value"] == 5


async def test_a_stream_ends_with_its_token_and_a_process_takes_so_many_listeners(
    system: System, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_LISTENERS", 1)
    await system.start("outcomes", roles=("api",))
    token = system.issuer.token("counselor", [str(HERE)], seconds=-9)  # the leeway is ten
    client = system.client("outcomes", "counselor", [HERE]).http
    headers = {"Authorization": f"Bearer {token}"}
    async with client.stream("GET", "/board/events", headers=headers) as answer:
        follower = Following(answer)
        assert (await follower.event())[0] == "board"
        assert (await client.get("/board/events")).status_code == 503
        assert (await follower.event())[2] == {"reason": "token_expired"}
