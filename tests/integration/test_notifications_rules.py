"""The rules as shipped, from the event to the mail server: reminders, the ladder after a missed
session, what staff have to do, and who hears nothing at all."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.notifications.escalations.jobs import alerts
from services.notifications.escalations.queries import list_tasks, show_task
from services.notifications.escalations.schemas import StaffTask
from services.notifications.escalations.tasks import TaskOver, take_charge
from shared.contracts.base import PolicyReference
from shared.contracts.outcomes import DisengagementRiskRaised, FollowUpDue, StepDownDecided
from shared.contracts.scheduling import SiteOpened, WeeklyHoursAtRisk, WeeklyHoursShortageLifted
from shared.database import ALL_SITES
from shared.errors import StaleVersion
from shared.jobs import JobContext
from shared.web import Paging
from stepwell.runtime.disposable import Stack
from tests.support.alerts import DUTY, LEAD, MANAGER, Staff
from tests.support.merges import merged
from tests.support.notifications import DENVER_SITE, MONDAY_NOON, Client, Desk, open_desk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
THURSDAY_EVENING = MONDAY_NOON + timedelta(days=3, hours=5, minutes=30)


@pytest.fixture
async def desk(
    stack: Stack, test_clock: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    async with open_desk(stack, test_clock, monkeypatch, rules=None) as opened:
        await opened.tell(
            SiteOpened(
                site_id=DENVER_SITE, time_zone="America/Denver", opened_at=MONDAY_NOON - 9 * DAY
            )
        )
        yield opened


@pytest.fixture
async def ana(desk: Desk) -> Client:
    client = Client("ana")
    await desk.introduce(client.details())
    await desk.tell(client.agrees(uses=["appointments", "missed_sessions", "questionnaires"]))
    await desk.tell(client.enrolled())
    return client


async def planned(desk: Desk, **wanted: Any) -> dict[str, datetime]:
    """When each kind of message is due."""
    return {m.kind: m.due_at for m in await desk.messages(state="planned", **wanted)}


async def run_until(desk: Desk, instant: datetime) -> list[tuple[datetime, str]]:
    """Send all that is due up to an instant, each at its time; when, and the subject."""
    sent: list[tuple[datetime, str]] = []
    while (due := await desk.next_due()) is not None and due <= instant:
        before = len(desk.mailbox.taken)
        await desk.until_next_due()
        sent += [(desk.now, str(mail["Subject"])) for mail in desk.mailbox.taken[before:]]
    desk.set_clock(instant)
    return sent


async def tasks(desk: Desk) -> list[StaffTask]:
    async with desk.database.transaction(ALL_SITES) as tx:
        return (await list_tasks(tx, DENVER_SITE, Paging(limit=50))).items


async def alert(desk: Desk) -> None:
    await alerts.dispatch(JobContext(desk.database, desk.settings))


def at_risk(client: Client, week: str = "2026-W23") -> WeeklyHoursAtRisk:
    return WeeklyHoursAtRisk(
        **client.about,
        placement_id=uuid4(),
        week=week,
        time_zone="America/Denver",
        planned_minutes=540,
        credited_minutes=0,
        forecast_minutes=400,
        minimum_minutes=540,
        credited_days=0,
        minimum_days=3,
        missing_minutes=140,
        missing_days=0,
        noticed_at=MONDAY_NOON,
    )


def lifted(risk: WeeklyHoursAtRisk) -> WeeklyHoursShortageLifted:
    return WeeklyHoursShortageLifted(
        **risk.model_dump(exclude={"missing_minutes", "missing_days", "noticed_at"}),
        reason="enough",
        lifted_at=MONDAY_NOON,
    )


def disengaging(client: Client) -> DisengagementRiskRaised:
    return DisengagementRiskRaised(
        **client.about,
        score=82,
        threshold=70,
        factors=[],
        policy=PolicyReference(id="engagement", version="1"),
        raised_at=MONDAY_NOON,
    )


async def test_a_client_is_reminded_a_day_and_two_hours_before_and_both_move_with_the_session(
    desk: Desk, ana: Client
) -> None:
    session = ana.expected(THURSDAY_EVENING)
    await desk.tell(session)
    assert await planned(desk) == {
        "session_reminder": THURSDAY_EVENING - DAY,
        "session_reminder_soon": THURSDAY_EVENING - 2 * HOUR,
    }
    await desk.tell(ana.expected(THURSDAY_EVENING + DAY, session.session_id))
    assert await planned(desk) == {
        "session_reminder": THURSDAY_EVENING,
        "session_reminder_soon": THURSDAY_EVENING + DAY - 2 * HOUR,
    }
    await desk.tell(ana.off_the_list(session))
    assert await planned(desk) == {}


async def test_who_is_reminded_shortly_before_is_not_reminded_twice(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.expected(MONDAY_NOON + 5 * HOUR))
    assert await planned(desk) == {"session_reminder": MONDAY_NOON}


async def test_a_session_that_is_brought_forward_leaves_no_reminder_of_its_former_time(
    desk: Desk, ana: Client
) -> None:
    session = ana.expected(THURSDAY_EVENING)
    await desk.tell(session)
    desk.set_clock(THURSDAY_EVENING - 8 * HOUR)
    await desk.dispatch()
    at_three = ana.expected(THURSDAY_EVENING - 3 * HOUR, session.session_id)
    await desk.tell(at_three, at_three)
    await run_until(desk, THURSDAY_EVENING + DAY)
    assert [body.partition(".")[0] for body in desk.mailbox.bodies] == [
        "You have an appointment Thu 5:30 PM",
        "You have an appointment Thu 2:30 PM",
    ]


async def test_who_was_told_the_former_time_of_a_session_hears_at_once_that_it_moved(
    desk: Desk, ana: Client
) -> None:
    ben = Client("ben")
    await desk.introduce(ben.details())
    session = ana.expected(MONDAY_NOON + 23 * HOUR)
    friday = MONDAY_NOON + 4 * DAY
    await desk.tell(session)
    await desk.dispatch()
    desk.set_clock(MONDAY_NOON + 10 * HOUR)
    for who in (ana, ben):
        later = who.expected(friday, session.session_id)
        await desk.tell(later.model_copy(update={"moved_from": session.starts_at}))
    eight = MONDAY_NOON + 20 * HOUR
    assert await planned(desk, client_id=ana.id) == {
        "session_reminder": eight,
        "session_reminder_soon": friday - 2 * HOUR,
    }
    assert (await planned(desk, client_id=ben.id))["session_reminder"] == friday - DAY
    await run_until(desk, eight)
    assert [body.partition(".")[0] for body in desk.mailbox.bodies] == [
        "You have an appointment Tue 11:00 AM",
        "You have an appointment Fri 12:00 PM",
    ]


async def test_another_room_shortly_before_takes_no_reminder_away(desk: Desk, ana: Client) -> None:
    session = ana.expected(THURSDAY_EVENING)
    await desk.tell(session)
    desk.set_clock(THURSDAY_EVENING - 8 * HOUR)
    await desk.dispatch()
    await desk.tell(session.model_copy(update={"room_id": uuid4()}))
    assert await planned(desk) == {"session_reminder_soon": THURSDAY_EVENING - 2 * HOUR}


async def test_a_session_told_and_moved_at_once_is_reminded_of_at_its_latest_time(
    desk: Desk, ana: Client
) -> None:
    session = ana.expected(MONDAY_NOON + 2 * DAY)
    await desk.tell(session, ana.expected(MONDAY_NOON + 6 * HOUR, session.session_id))
    assert await planned(desk) == {"session_reminder": MONDAY_NOON}


async def test_a_miss_and_its_excuse_told_at_once_lead_to_nothing(desk: Desk, ana: Client) -> None:
    missed = ana.missed(MONDAY_NOON - HOUR)
    excused = ana.missed(MONDAY_NOON - HOUR, missed.session_id, excused=True)
    await desk.tell(missed, excused)
    assert await run_until(desk, MONDAY_NOON + 7 * DAY) == []
    assert await tasks(desk) == []
    await desk.tell(missed, excused, missed)
    assert len(await run_until(desk, MONDAY_NOON + 7 * DAY)) == 0, "too late to reach out"
    assert {m.failure for m in await desk.messages()} == {"no_longer_timely"}


async def test_a_missed_session_leads_up_the_ladder_to_a_person_who_calls(
    desk: Desk, ana: Client
) -> None:
    staff = Staff(desk)
    await staff.name([LEAD], [MANAGER], on_duty=[DUTY])
    missed = ana.missed(MONDAY_NOON - HOUR)
    await desk.tell(missed)
    sent = await run_until(desk, MONDAY_NOON + 3 * DAY + 2 * HOUR)
    ten = MONDAY_NOON - 2 * HOUR
    assert [at for at, _ in sent] == [MONDAY_NOON, ten + DAY, ten + 3 * DAY]
    assert await tasks(desk) == []
    desk.set_clock(MONDAY_NOON + 3 * DAY + 3 * HOUR)
    (task,) = await tasks(desk)
    assert (task.kind, task.about, task.client_id) == (
        "missed_session_task",
        missed.session_id,
        ana.id,
    )
    await alert(desk)
    assert staff.told[-1] == DUTY


async def test_who_comes_back_meanwhile_is_not_asked_again(desk: Desk, ana: Client) -> None:
    missed = ana.missed(MONDAY_NOON - HOUR)
    await desk.tell(missed)
    await desk.dispatch()
    await desk.tell(ana.attended(missed))
    assert await run_until(desk, MONDAY_NOON + 7 * DAY) == []
    assert await tasks(desk) == []
    states = sorted((m.kind, m.state) for m in await desk.messages())
    assert states == [
        ("missed_session_day_3", "cancelled"),
        ("missed_session_next_day", "cancelled"),
        ("missed_session_outreach", "delivered"),
    ]


async def test_who_came_to_a_later_session_is_not_followed_up_for_the_one_before(
    desk: Desk, ana: Client
) -> None:
    ben = Client("ben")
    await desk.introduce(ben.details())
    missed = ana.missed(MONDAY_NOON - HOUR)
    await desk.tell(missed)
    await desk.tell(ben.missed(MONDAY_NOON - HOUR))
    await desk.dispatch()
    await desk.tell(ana.attended(ana.missed(MONDAY_NOON - 3 * DAY)))
    desk.set_clock(MONDAY_NOON + HOUR)
    assert len(await planned(desk, client_id=ana.id)) == 2, "that was before the miss"
    await desk.tell(ana.attended(ana.missed(MONDAY_NOON + 6 * HOUR)))
    assert await planned(desk, client_id=ana.id) == {}
    assert len(await planned(desk, client_id=ben.id)) == 2
    desk.set_clock(MONDAY_NOON + 4 * DAY)
    assert [one.client_id for one in await tasks(desk)] == [ben.id]
    await desk.tell(ana.missed(MONDAY_NOON + 3 * DAY))
    assert len(await planned(desk, client_id=ana.id)) > 0, "a later miss is one of its own"


async def test_a_miss_recorded_two_days_late_is_not_followed_by_all_steps_at_once(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.missed(MONDAY_NOON - 2 * DAY))
    sent = await run_until(desk, MONDAY_NOON + 7 * DAY)
    assert [at for at, _ in sent] == [MONDAY_NOON]


async def test_a_week_with_too_few_hours_is_told_to_client_and_staff_until_it_is_made_up_for(
    desk: Desk, ana: Client
) -> None:
    risk = at_risk(ana)
    await desk.tell(risk, risk)
    await desk.tell(risk)
    await desk.dispatch()
    assert "room for one more appointment" in desk.mailbox.bodies[0]
    (task,) = await tasks(desk)
    assert task.kind == "hours_at_risk_task"
    await desk.tell(at_risk(ana, "2026-W24"))
    assert len(await tasks(desk)) == 2
    await desk.tell(lifted(risk))
    assert [one.id for one in await tasks(desk)] != [task.id]
    async with desk.database.transaction(ALL_SITES) as tx:
        assert (await show_task(tx, task.id)).state == "withdrawn"


@pytest.mark.parametrize("end", ["completed", "died"])
async def test_nobody_is_asked_to_call_about_a_stay_that_is_over(
    desk: Desk, ana: Client, end: str
) -> None:
    staff = Staff(desk)
    await staff.name([LEAD], on_duty=[DUTY])
    await desk.tell(ana.becomes(end))
    await desk.tell(ana.missed(MONDAY_NOON - HOUR))
    await desk.tell(disengaging(ana))
    await desk.tell(at_risk(ana))
    desk.set_clock(MONDAY_NOON + 4 * DAY)
    assert await tasks(desk) == []
    await alert(desk)
    assert staff.told == []


async def test_a_step_down_is_congratulated_even_though_the_stay_ends(
    desk: Desk, ana: Client
) -> None:
    desk.set_clock(MONDAY_NOON + 10 * HOUR)
    await desk.tell(
        StepDownDecided(
            **ana.about,
            recommendation_id=uuid4(),
            decision="accept",
            reason="agrees_with_recommendation",
            from_level="2.1",
            to_level="1.5",
            decided_at=desk.now,
        )
    )
    await desk.tell(ana.stepped_down())
    sent = await run_until(desk, MONDAY_NOON + 2 * DAY)
    assert sent == [(MONDAY_NOON + 20 * HOUR, "Well done")]


def survey(client: Client) -> FollowUpDue:
    return FollowUpDue(**client.about, follow_up_id=uuid4(), days=30, due_on=date(2026, 6, 2))


async def test_a_former_client_is_asked_and_asked_again_a_week_later(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.becomes("completed"))
    await desk.tell(survey(ana))
    eleven = datetime(2026, 6, 2, 17, tzinfo=UTC)
    sent = await run_until(desk, eleven + 30 * DAY)
    assert sent == [(eleven, "How are you?"), (eleven + 7 * DAY, "How are you?")]


async def test_nobody_writes_to_who_died_or_to_a_record_that_was_merged_away(
    desk: Desk, ana: Client
) -> None:
    second = Client("second")
    await desk.introduce(second.details())
    await desk.tell(survey(ana), survey(second))
    await desk.tell(ana.becomes("died"))
    await desk.tell(merged(uuid4(), second.id, DENVER_SITE))
    await desk.tell(survey(ana), survey(second))
    await desk.tell(second.expected(THURSDAY_EVENING))
    assert await run_until(desk, MONDAY_NOON + 60 * DAY) == []
    assert {m.state for m in await desk.messages()} <= {"cancelled"}


async def test_who_heard_so_many_times_today_hears_the_rest_tomorrow(
    desk: Desk, ana: Client
) -> None:
    for n in range(5):
        await desk.tell(ana.expected(MONDAY_NOON + 6 * HOUR + n * HOUR / 6))
    await desk.dispatch()
    assert len(await desk.messages(state="delivered")) == 5, "what one has to know is told"
    await desk.tell(at_risk(ana))
    await desk.dispatch()
    assert await desk.messages(kind="hours_at_risk", state="delivered") == []
    sent = await run_until(desk, MONDAY_NOON + DAY)
    assert [at for at, _ in sent] == [MONDAY_NOON + 20 * HOUR]


async def test_the_next_person_is_told_until_somebody_takes_charge(desk: Desk, ana: Client) -> None:
    staff = Staff(desk)
    await staff.name([LEAD], [MANAGER], on_duty=[DUTY])
    await desk.tell(disengaging(ana))
    await alert(desk)
    assert staff.told == [DUTY]
    desk.set_clock(MONDAY_NOON + HOUR)
    await alert(desk)
    assert staff.told == [DUTY, LEAD]
    (task,) = await tasks(desk)
    async with desk.database.transaction(ALL_SITES) as tx:
        with pytest.raises(StaleVersion):
            await take_charge(tx, task.id, 7, by="lead")
        done = await take_charge(tx, task.id, task.version, by="lead")
        assert (done.state, done.ended_by) == ("done", "lead")
        with pytest.raises(TaskOver):
            await take_charge(tx, task.id, done.version, by="manager")
    desk.set_clock(MONDAY_NOON + 5 * HOUR)
    await alert(desk)
    assert staff.told == [DUTY, LEAD]
    assert await tasks(desk) == []


async def test_who_is_on_call_by_the_rota_is_told_in_place_of_who_is_always_on_duty(
    desk: Desk, ana: Client
) -> None:
    staff = Staff(desk)
    monday = {"weekday": 1, "starts_at": "08:00", "ends_at": "13:00", "addresses": [MANAGER]}
    await staff.name([LEAD], on_duty=[DUTY], rota=[monday])
    await desk.tell(disengaging(ana))
    await alert(desk)
    assert staff.told == [MANAGER]
    desk.set_clock(MONDAY_NOON + HOUR)
    await desk.tell(disengaging(Client("ben")))
    await alert(desk)
    assert sorted(staff.told[1:]) == [DUTY, LEAD]


async def test_after_an_outage_what_is_of_use_goes_out_and_a_moved_clock_repeats_nothing(
    desk: Desk, ana: Client
) -> None:
    over, ahead = MONDAY_NOON + 30 * HOUR, MONDAY_NOON + 54 * HOUR
    await desk.tell(ana.expected(over), ana.expected(ahead))
    for instant in (MONDAY_NOON + 48 * HOUR, MONDAY_NOON + HOUR, MONDAY_NOON + 48 * HOUR):
        desk.set_clock(instant)
        await desk.dispatch()
    found = {(m.kind, m.session_starts_at): m.failure or m.state for m in await desk.messages()}
    assert found == {
        ("session_reminder", over): "no_longer_timely",
        ("session_reminder_soon", over): "no_longer_timely",
        ("session_reminder", ahead): "delivered",
        ("session_reminder_soon", ahead): "planned",
    }
    assert len(desk.mailbox.taken) == 1
