"""What counts in a stay: nothing from before it, days by the site's calendar, and its end."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.outcomes.engagement.rules.figures import summary
from services.outcomes.engagement.rules.window import Window, sequence_of, with_event
from shared.contracts.intake import ReferralReceived, ReferralStateChanged
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import SiteOpened
from shared.database import ALL_SITES
from tests.conftest import MONDAY
from tests.support.attendance import SITE, Published, outcome
from tests.support.outcomes import (
    ACCEPT,
    DECLINE,
    Outcomes,
    engaged,
    opened,
    publish_from,
    screened,
    tell_in,
)
from tests.support.scheduling import Enrolled, refused
from tests.support.system import System

DENVER = ZoneInfo("America/Denver")
SPRING = [date(2026, 3, day) for day in (2, 4, 6, 9, 11, 13, 16, 18, 20)]
ANEW = [date(2026, 3, day) for day in (23, 25, 27, 30)] + [date(2026, 4, day) for day in (1, 3, 6)]
MISSED = {date(2026, 3, 25), date(2026, 3, 30)}
WEEK = timedelta(weeks=1)


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        made = Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))
        denver = SiteOpened(site_id=SITE, time_zone="America/Denver", opened_at=MONDAY)
        await made.tell(denver)
        yield made


def evening(client: Enrolled, on: date, kind: str = "attended", at: str = "18:30") -> Published:
    """A session at Denver of the stay that the client is in."""
    number = (on - date(2026, 1, 1)).days
    made = outcome(client.id, number, kind, sequence=number, stay=client.enrolment_id)
    starts_at = datetime.combine(on, time.fromisoformat(at), DENVER).astimezone(UTC)
    return Published(made.event.model_copy(update={"starts_at": starts_at}), made.sequence)


def figures(events: Iterable[Published]) -> EngagementChanged:
    window: Window | None = None
    for one in events:
        window = with_event(window, one.event, one.sequence)
    assert window is not None
    told: dict[str, Any] = {"client_id": one.event.client_id, "site_id": SITE}
    told |= {"source_sequence": sequence_of(window), **summary(window)}
    return EngagementChanged.model_validate(told)


def by_clock(on: date, at: str) -> datetime:
    return datetime.combine(on, time.fromisoformat(at), DENVER).astimezone(UTC)


def again(client: Enrolled) -> Enrolled:
    """The same person in another stay."""
    return Enrolled(client.name, client.site_id, id=client.id)


def observed(shown: dict[str, Any]) -> dict[str, str]:
    return {criterion["name"]: criterion["observed"] for criterion in shown["criteria"]}


async def admitted(outcomes: Outcomes, client: Enrolled, on: date, at: str = "09:00") -> Enrolled:
    outcomes.system.set_clock(by_clock(on, at))
    await outcomes.tell(client.enrolment)
    return client


async def discharged(outcomes: Outcomes, client: Enrolled, on: date, at: str = "12:00") -> None:
    outcomes.system.set_clock(by_clock(on, at))
    await outcomes.tell(client.changed("completed"))


async def test_who_is_admitted_again_is_judged_by_the_sessions_of_that_stay_alone(
    outcomes: Outcomes,
) -> None:
    ana = await admitted(outcomes, Enrolled("ana", SITE), SPRING[0])
    course = [evening(ana, on) for on in SPRING]
    await outcomes.tell(figures(course))
    await discharged(outcomes, ana, date(2026, 3, 21))
    back = await admitted(outcomes, again(ana), date(2026, 3, 23))
    course += [evening(back, on, "missed" if on in MISSED else "attended") for on in ANEW]
    outcomes.system.set_clock(by_clock(ANEW[-1], "22:00"))
    await outcomes.tell(screened(back))
    await outcomes.tell(figures(course))
    shown = await outcomes.progress(back)
    assert observed(shown)["attendance_rate"] == "71.4 % (5 of 7 sessions)"
    assert observed(shown)["weeks_observed"] == "3 weeks"
    assert shown["recommended"] is False
    assert await outcomes.listed() == []


async def test_before_the_first_session_of_a_stay_the_former_one_is_no_engagement(
    outcomes: Outcomes,
) -> None:
    ana = await admitted(outcomes, Enrolled("ana", SITE), SPRING[0])
    await outcomes.tell(figures(evening(ana, on) for on in SPRING))
    await discharged(outcomes, ana, date(2026, 3, 21))
    assert (await outcomes.progress(ana))["engagement"]["sessions_attended"] == 9
    back = await admitted(outcomes, again(ana), date(2026, 3, 23))
    shown = await outcomes.progress(back)
    assert shown["engagement"] is None
    assert observed(shown)["attendance_rate"] == "no session yet"


async def test_attendance_of_the_former_stay_that_is_recorded_late_changes_nothing_in_this_one(
    outcomes: Outcomes,
) -> None:
    ana = await admitted(outcomes, Enrolled("ana", SITE), SPRING[0])
    course = [evening(ana, on) for on in SPRING[:-1]]
    await discharged(outcomes, ana, date(2026, 3, 21))
    back = await admitted(outcomes, again(ana), date(2026, 3, 23))
    course += [evening(back, on) for on in ANEW[:2]]
    late = Published(evening(ana, SPRING[-1], "missed").event, 500)
    await outcomes.tell(figures([*course, late]))
    told = (await outcomes.progress(back))["engagement"]
    assert (told["source_sequence"], told["sessions_attended"]) == (500, 2)
    assert (told["sessions_missed"], told["consecutive_missed"]) == (0, 0)


async def test_three_weeks_of_evenings_in_denver_are_three_weeks_over_the_change_of_clocks(
    outcomes: Outcomes,
) -> None:
    ana = await admitted(outcomes, Enrolled("ana", SITE), date(2026, 3, 2), "18:00")
    await outcomes.tell(figures(evening(ana, on) for on in SPRING if on <= date(2026, 3, 16)))
    assert observed(await outcomes.progress(ana))["weeks_observed"] == "3 weeks"


@pytest.mark.parametrize(
    ("answered", "asked", "days"),
    [
        (("2026-03-01", "23:30"), ("2026-03-15", "23:45"), 14),
        (("2026-03-01", "23:30"), ("2026-03-16", "00:15"), 15),
        (("2026-10-25", "08:00"), ("2026-11-08", "07:30"), 14),
        (("2026-03-07", "17:30"), ("2026-03-08", "00:30"), 1),
    ],
)
async def test_a_score_is_as_old_as_the_days_of_the_sites_calendar(
    outcomes: Outcomes, answered: tuple[str, str], asked: tuple[str, str], days: int
) -> None:
    then = by_clock(date.fromisoformat(answered[0]), answered[1])
    ana = await admitted(outcomes, Enrolled("ana", SITE), date(2026, 2, 24))
    outcomes.system.set_clock(then)
    await outcomes.tell(screened(ana, answered_at=then))
    outcomes.system.set_clock(by_clock(date.fromisoformat(asked[0]), asked[1]))
    shown = await outcomes.progress(ana)
    assert observed(shown)["gad_7"] == f"5 (complete, {days} days old)"
    met = {criterion["name"]: criterion["met"] for criterion in shown["criteria"]}
    assert met["gad_7"] is (days <= 14)


async def test_a_pause_after_a_decline_is_over_at_midnight_of_the_site(outcomes: Outcomes) -> None:
    outcomes.system.set_clock(by_clock(date(2026, 3, 2), "20:00"))
    first = await outcomes.recommend()
    ana = outcomes.client_of(first)
    assert (await outcomes.decide(first, DECLINE)).status_code == 200
    for day, at, known in ((8, "23:59", 1), (9, "00:00", 2)):
        outcomes.system.set_clock(by_clock(date(2026, 3, day), at))
        await outcomes.tell(screened(ana))
        assert len(await outcomes.listed()) == known


async def test_the_zone_of_a_site_opened_long_ago_is_learned_from_its_attendance(
    system: System,
) -> None:
    ana = Enrolled("ana", SITE)
    for name in ("scheduling", "outcomes"):
        await system.start(name, roles=("worker",))
    first = evening(ana, SPRING[0]).event
    await publish_from(system, "scheduling", first, evening(ana, SPRING[1], "not_held").event)
    await system.until("outcomes", "SELECT attendance_sequence FROM engagement", is_=2)
    assert await system.fetch("outcomes", "SELECT site_id, time_zone FROM sites") == [
        (SITE, "America/Denver")
    ]


async def test_a_score_from_before_the_end_of_the_former_stay_does_not_count(
    outcomes: Outcomes,
) -> None:
    ana = await admitted(outcomes, Enrolled("ana", SITE), SPRING[0])
    outcomes.system.set_clock(by_clock(date(2026, 3, 20), "10:00"))
    await outcomes.tell(screened(ana))
    await discharged(outcomes, ana, date(2026, 3, 21))
    back = await admitted(outcomes, again(ana), date(2026, 3, 23))
    late = by_clock(date(2026, 3, 21), "11:59")
    await outcomes.tell(screened(back, answered_at=late))  # a paper form, entered in this stay
    shown = observed(await outcomes.progress(back))
    assert (shown["phq_9"], shown["gad_7"]) == ("never measured", "never measured")
    between = by_clock(date(2026, 3, 22), "09:00")
    await outcomes.tell(screened(back, 8, answered_at=between))
    shown = observed(await outcomes.progress(back))
    assert shown["phq_9"] == "8 (complete, 1 days old), safety item negative"
    assert len((await outcomes.progress(back))["scores"]) == 6


async def test_a_score_from_before_the_admission_counts_for_who_was_never_in_the_program(
    outcomes: Outcomes,
) -> None:
    ana = Enrolled("ana", SITE)
    outcomes.system.set_clock(by_clock(date(2026, 2, 27), "10:00"))
    await outcomes.tell(screened(ana, 14))
    await admitted(outcomes, ana, SPRING[0])
    shown = observed(await outcomes.progress(ana))
    assert shown["phq_9"] == "14 (complete, 3 days old), safety item negative"


async def test_a_positive_item_nine_of_the_former_stay_does_not_outlive_it(
    outcomes: Outcomes,
) -> None:
    ana = await admitted(outcomes, Enrolled("ana", SITE), SPRING[0])
    await outcomes.tell(screened(ana, 24))
    await discharged(outcomes, ana, date(2026, 3, 21))
    back = await admitted(outcomes, again(ana), date(2026, 3, 23))
    await outcomes.tell(screened(back, 4))
    assert observed(await outcomes.progress(back))["phq_9"].startswith("4 (complete, 0 days old)")


async def test_figures_without_a_stay_are_of_an_episode_that_holds_all_their_weeks(
    outcomes: Outcomes,
) -> None:
    ana = await admitted(outcomes, Enrolled("ana", SITE), date(2026, 3, 2))
    for last, counted in ((date(2026, 3, 29), False), (date(2026, 3, 31), True)):
        nameless = figures([evening(ana, last)]).model_copy(update={"enrolment_id": None})
        await outcomes.tell(nameless)
        assert ((await outcomes.progress(ana))["engagement"] is not None) is counted


async def test_figures_in_which_nothing_counts_are_no_engagement(outcomes: Outcomes) -> None:
    ana = await admitted(outcomes, Enrolled("ana", SITE), SPRING[0])
    await outcomes.tell(figures([evening(ana, SPRING[1], "not_held")]))
    shown = await outcomes.progress(ana)
    assert (shown["engagement"], observed(shown)["weeks_observed"]) == (None, "no session yet")


async def test_an_open_recommendation_lapses_with_the_stay(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    ana = outcomes.client_of(known)
    outcomes.system.set_clock(MONDAY + timedelta(hours=1))
    await outcomes.tell(ana.changed("left_against_advice"))
    (lapsed,) = await outcomes.listed(state="lapsed")
    at = {"lapsed_at": "2026-02-23T15:00:00Z", "version": 2}
    assert lapsed == {**known, "state": "lapsed", **at}
    for one, body in ((known, ACCEPT), (lapsed, ACCEPT), (lapsed, DECLINE)):
        refused(await outcomes.decide(one, body), 409, "stay-ended")
    assert await outcomes.published() == ["StepDownRecommended"]
    outcomes.system.set_clock(MONDAY + timedelta(hours=2))
    back = again(ana)
    for event in (back.enrolment, screened(back), engaged(back, sequence=20)):
        await outcomes.tell(event)
    (present,) = await outcomes.listed(state="open")
    assert present["enrolment_id"] == str(back.enrolment_id)


@pytest.mark.parametrize("state", ["on_hold", "active"])
async def test_a_stay_that_goes_on_keeps_its_recommendation(outcomes: Outcomes, state: Any) -> None:
    known = await outcomes.recommend()
    await outcomes.tell(outcomes.client_of(known).changed(state))
    assert await outcomes.listed() == [known]
    assert (await outcomes.decide(known, ACCEPT)).status_code == 200


async def test_an_acceptance_that_an_other_end_came_before_says_so(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    accepted = (await outcomes.decide(known, ACCEPT)).json()
    await outcomes.tell(outcomes.client_of(known).changed("transferred"))
    (shown,) = await outcomes.listed()
    assert shown == {**accepted, "lapsed_at": "2026-02-23T14:00:00Z", "version": 3}


@pytest.mark.parametrize("body", [ACCEPT, DECLINE])
async def test_what_was_decided_before_the_step_down_stays_as_it_is(
    outcomes: Outcomes, body: dict[str, str]
) -> None:
    known = await outcomes.recommend()
    decided = (await outcomes.decide(known, body)).json()
    ana = outcomes.client_of(known)
    for event in (ana.changed("stepped_down"), ana.step_down):
        await outcomes.tell(event)
    assert await outcomes.listed() == [decided]
    refused(await outcomes.decide(decided, ACCEPT), 409, "already-decided")


@pytest.mark.parametrize("first", ["the end", "the decision"])
async def test_of_an_end_and_a_decision_at_once_the_later_waits_and_knows_the_former(
    outcomes: Outcomes, first: str
) -> None:
    known = await outcomes.recommend()
    ana = outcomes.client_of(known)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    if first == "the end":
        async with outcomes.database.transaction(ALL_SITES) as tx:
            await tell_in(tx, ana.changed("lost"))
            decision = asyncio.create_task(outcomes.decide(known, ACCEPT))
            await outcomes.system.until("outcomes", waiting, is_=1)
        refused(await decision, 409, "stay-ended")
        assert [one["state"] for one in await outcomes.listed()] == ["lapsed"]
    else:
        async with outcomes.database.transaction(ALL_SITES) as tx:
            await tx.fetch("SELECT FROM recommendations FOR UPDATE")
            decision = asyncio.create_task(outcomes.decide(known, ACCEPT))
            await outcomes.system.until("outcomes", waiting, is_=1)
            end = asyncio.create_task(outcomes.tell(ana.changed("lost")))
            await outcomes.system.until("outcomes", waiting, is_=2)
        await asyncio.gather(decision, end)
        (shown,) = await outcomes.listed()
        assert (shown["state"], shown["lapsed_at"]) == ("accepted", "2026-02-23T14:00:00Z")


async def test_nothing_is_recommended_beside_the_end_of_the_stay(outcomes: Outcomes) -> None:
    ana = Enrolled("ana", SITE)
    for event in (ana.enrolment, screened(ana)):
        await outcomes.tell(event)
    async with outcomes.database.transaction(ALL_SITES) as tx:
        await tell_in(tx, ana.changed("died"))
        other = asyncio.create_task(outcomes.tell(engaged(ana)))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await outcomes.system.until("outcomes", waiting, is_=1)
    await other
    assert await outcomes.listed() == []


async def test_a_recommendation_lapses_by_an_end_that_is_told_in_the_same_batch(
    outcomes: Outcomes,
) -> None:
    ana = Enrolled("ana", SITE)
    for event in (ana.enrolment, screened(ana)):
        await outcomes.tell(event)
    async with outcomes.database.transaction(ALL_SITES) as tx:
        await tell_in(tx, engaged(ana))
        await tell_in(tx, ana.changed("completed"))
    assert [one["state"] for one in await outcomes.listed()] == ["lapsed"]


async def test_figures_and_scores_in_one_batch_lead_to_one_recommendation(
    outcomes: Outcomes,
) -> None:
    ana = Enrolled("ana", SITE)
    for event in (ana.enrolment, screened(ana)):
        await outcomes.tell(event)
    async with outcomes.database.transaction(ALL_SITES) as tx:
        await tell_in(tx, engaged(ana))
        await tell_in(tx, screened(ana, 5))
    assert [one["state"] for one in await outcomes.listed()] == ["open"]


async def test_the_end_of_an_other_clients_stay_lapses_nothing(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    ben = Enrolled("ben", SITE, id=uuid4(), enrolment_id=UUID(int=3))
    await outcomes.tell(ben.changed("completed"))
    assert await outcomes.listed() == [known]


async def test_what_is_told_together_comes_to_the_same_as_one_after_the_other(
    outcomes: Outcomes,
) -> None:
    kept = []
    for together in (True, False):
        client, moved = Enrolled("ana", SITE), UUID(int=int(together) + 1)
        first = client.changed("completed").model_copy(update={"reason": "goals_met"})
        second = client.changed("transferred").model_copy(update={"changed_at": MONDAY + WEEK})
        referral = {"client_id": client.id, "site_id": SITE, "referral_id": moved}
        received = {"source": "self", "received_at": MONDAY}
        steps = [
            ReferralStateChanged.model_validate(
                {**referral, "from_state": "received", "to_state": to, "changed_at": MONDAY + late}
                | {"reason": None}
            )
            for to, late in (("contacted", WEEK), ("screening", 2 * WEEK))
        ]
        await outcomes.tell(client.enrolment)
        await outcomes.tell(ReferralReceived.model_validate({**referral, **received}))
        for events in ((first, second), tuple(steps)):
            for batch in [events] if together else [[event] for event in events]:
                await outcomes.tell(*batch)
        row = "SELECT ended_at, ended_as, end_reason FROM episodes WHERE client_id = $1"
        state = "SELECT state, changed_at FROM program_referrals WHERE client_id = $1"
        async with outcomes.database.transaction(ALL_SITES) as tx:
            kept.append([tuple(await tx.fetchrow(one, client.id) or ()) for one in (row, state)])
    assert kept[0] == kept[1]
    assert kept[0] == [
        (MONDAY, "transferred", "goals_met"),
        ("screening", MONDAY + 2 * WEEK),
    ]
