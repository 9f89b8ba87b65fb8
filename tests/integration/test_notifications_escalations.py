"""Staff are told that something needs them: at once, step by step, and not after somebody came."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import yaml
from structlog.testing import capture_logs

from services.notifications.delivery.metrics import defects
from services.notifications.delivery.metrics import outcomes as attempts
from services.notifications.delivery.queries import show_notification, summarize
from services.notifications.escalations.jobs import alerts
from services.notifications.escalations.policy import (
    AlertPolicy,
    alert_policy,
    regional_leads,
)
from services.notifications.texts.policy import words
from services.notifications.texts.rules import Text, revealing
from shared.contracts.intake import ClientsMerged
from shared.contracts.notifications import StaffAlerted, StaffAlertFailed
from shared.contracts.outcomes import (
    CourseRiskAcknowledged,
    CourseRiskEscalated,
    CourseRiskRaised,
)
from shared.contracts.scheduling import SiteOpened
from shared.database import ALL_SITES
from shared.errors import NotFound
from stepwell.runtime.disposable import Stack
from tests.support.alerts import DUTY, LEAD, MANAGER, PORTAL, Flag, Staff
from tests.support.data import read_anew
from tests.support.notifications import (
    CAUSE,
    DENVER_SITE,
    MONDAY_NOON,
    Client,
    Desk,
    open_desk,
)

MINUTE = timedelta(minutes=1)
NIGHT = MONDAY_NOON + timedelta(hours=15)


@pytest.fixture
async def desk(
    stack: Stack, test_clock: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    async with open_desk(stack, test_clock, monkeypatch) as opened:
        opened.settings.portal_url = PORTAL
        yield opened


@pytest.fixture
async def staff(desk: Desk) -> Staff:
    named = Staff(desk)
    await named.name([LEAD], [MANAGER], on_duty=[DUTY])
    return named


async def outcomes(desk: Desk) -> list[tuple[str, int, str | None]]:
    """What was published of alerts: the event, its step, and the reason of a failure."""
    return [
        (type(event).__name__, event.step, getattr(event, "reason", None))
        for event, _ in await desk.published()
        if isinstance(event, StaffAlerted | StaffAlertFailed)
    ]


async def test_the_clinician_on_duty_is_told_at_once_and_told_nothing_else(
    desk: Desk, staff: Staff
) -> None:
    flag = Flag()
    await desk.tell(flag.raised())
    await staff.dispatch()
    (mail,) = desk.mailbox.taken
    assert staff.told == [DUTY]
    assert desk.mailbox.bodies[0].splitlines() == [
        "Something in Stepwell needs you now:",
        f"https://portal.example.test/alerts/{flag.id}",
    ]
    shown = f"{mail['Subject']} {desk.mailbox.bodies[0]} {mail['From']}"
    never = [word for word in words().never if word not in ("stepwell", "http")]
    assert revealing(shown, never) == []
    for hidden in ("suicide", "risk", "phq", "high", str(flag.client_id), str(flag.site_id)):
        assert hidden not in mail.as_string().lower()
    alert = await staff.alert()
    assert (alert.state, alert.step, alert.attempts) == ("delivered", 0, 1)
    assert desk.mailbox.ids == [f"<{alert.id}@example.test>"]


async def test_that_somebody_was_told_is_told_without_saying_who(desk: Desk, staff: Staff) -> None:
    flag = Flag()
    await desk.tell(flag.raised())
    await staff.dispatch()
    ((event, _),) = await desk.published()
    assert isinstance(event, StaffAlerted)
    assert (event.flag_id, event.step, event.client_id) == (flag.id, 0, flag.client_id)
    assert event.delivered_at == MONDAY_NOON
    assert "example.test" not in event.model_dump_json()


async def test_each_step_tells_the_people_of_that_step_and_the_last_ones_again(
    desk: Desk, staff: Staff
) -> None:
    flag = Flag()
    for step in (1, 2, 3, 7):
        await desk.tell(flag.escalated(step))
        await staff.dispatch()
    assert staff.told == [LEAD, MANAGER, MANAGER, MANAGER]
    assert await outcomes(desk) == [("StaffAlerted", step, None) for step in (1, 2, 3, 7)]


async def test_beyond_the_steps_of_a_site_the_regional_lead_is_told(
    desk: Desk, staff: Staff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    region, lead = uuid4(), "region@example.test"
    leads = [{"region_id": str(region), "addresses": [lead]}]
    folder = tmp_path / "notifications" / "escalations"
    folder.mkdir(parents=True)
    own = regional_leads().model_dump(mode="json") | {"leads": leads}
    (folder / "regional-leads.yaml").write_text(yaml.safe_dump(own))
    read_anew(monkeypatch, regional_leads, folder=tmp_path)
    opened = {"time_zone": "America/Denver", "opened_at": MONDAY_NOON, "region_id": region}
    nobody = UUID(int=2)
    await desk.tell(*(SiteOpened(site_id=site, **opened) for site in (DENVER_SITE, nobody)))
    flag = Flag()
    for step in (1, 2, 3, 4):
        await desk.tell(flag.escalated(step))
        await staff.dispatch()
    assert staff.told == [LEAD, MANAGER, lead, lead]
    unnamed = Flag(site_id=nobody)
    await desk.tell(unnamed.raised())
    await desk.tell(unnamed.escalated(1))
    await staff.dispatch()
    assert staff.told[4:] == [lead]
    assert (await outcomes(desk))[4:] == [
        ("StaffAlertFailed", 0, "no_contacts"),
        ("StaffAlerted", 1, None),
    ]


async def test_everybody_of_a_step_is_told(desk: Desk, staff: Staff) -> None:
    await staff.name([LEAD, MANAGER])
    await desk.tell(Flag().escalated(1))
    await staff.dispatch()
    assert sorted(staff.told) == [LEAD, MANAGER]
    assert len(set(desk.mailbox.ids)) == 2


async def test_staff_are_told_at_night_too(desk: Desk, staff: Staff) -> None:
    desk.set_clock(NIGHT)
    await desk.tell(Flag().raised(NIGHT))
    await staff.dispatch()
    assert staff.told == [DUTY]


async def test_a_step_told_twice_alerts_once(desk: Desk, staff: Staff) -> None:
    flag = Flag()
    await desk.tell(flag.escalated(1), flag.escalated(1))
    await staff.dispatch()
    await desk.tell(flag.escalated(1))
    await staff.dispatch()
    assert staff.told == [LEAD]


async def test_a_flag_that_became_more_severe_is_told_again(desk: Desk, staff: Staff) -> None:
    flag = Flag()
    await desk.tell(flag.raised(severity="moderate"))
    await staff.dispatch()
    await desk.tell(flag.raised(severity="high"))
    await staff.dispatch()
    assert staff.told == [DUTY, DUTY]
    assert len(set(desk.mailbox.ids)) == 2


async def test_what_was_not_sent_before_somebody_took_charge_is_not_sent(
    desk: Desk, staff: Staff
) -> None:
    flag, other = Flag(), Flag()
    await desk.tell(flag.escalated(1), other.escalated(1))
    await desk.tell(flag.acknowledged())
    await staff.dispatch()
    assert staff.told == [LEAD]
    states = {alert.flag_id: alert.state for alert in await staff.alerts()}
    assert states == {flag.id: "cancelled", other.id: "delivered"}


@pytest.mark.parametrize("end", ["left_against_advice", "died"])
async def test_staff_are_told_of_a_risk_although_the_stay_ends(
    desk: Desk, staff: Staff, end: str
) -> None:
    ana = Client("Ana")
    await desk.tell(ana.enrolled())
    await desk.tell(Flag(client_id=ana.id).raised())
    await desk.tell(ana.becomes(end))
    await staff.dispatch()
    assert staff.told == [DUTY]


async def test_staff_are_told_of_a_risk_although_the_record_is_merged(
    desk: Desk, staff: Staff
) -> None:
    flag = Flag()
    await desk.tell(flag.raised())
    await desk.tell(
        ClientsMerged(
            merge_id=uuid4(),
            client_id=uuid4(),
            site_id=flag.site_id,
            merged_client_id=flag.client_id,
            merged_at=MONDAY_NOON,
        )
    )
    await staff.dispatch()
    assert staff.told == [DUTY]


async def test_that_a_site_named_nobody_is_told_although_somebody_took_charge(desk: Desk) -> None:
    nobody, flag = Staff(desk), Flag()
    await desk.tell(flag.raised())
    await desk.tell(flag.acknowledged())
    await nobody.dispatch()
    assert await outcomes(desk) == [("StaffAlertFailed", 0, "no_contacts")]


async def test_an_alert_on_its_way_is_withdrawn_without_waiting_for_its_sender(
    desk: Desk, staff: Staff
) -> None:
    flag = Flag()
    await desk.tell(flag.escalated(1))
    async with desk.database.transaction(ALL_SITES) as sender:
        await alerts.mark_due(sender)
    async with desk.database.transaction(ALL_SITES) as sender:
        await sender.fetch("SELECT id FROM notifications FOR UPDATE")
        async with asyncio.timeout(2):
            await desk.tell(flag.acknowledged())
    assert (await staff.alert()).state == "sending"
    await staff.until_next_due()
    assert (await staff.alert()).state == "cancelled"
    assert await desk.withdrawals() == 0
    assert staff.told == []


async def test_an_alert_that_the_server_took_counts_although_somebody_came_meanwhile(
    desk: Desk, staff: Staff
) -> None:
    flag = Flag()
    await desk.tell(flag.escalated(1))

    async def acknowledge() -> None:
        await desk.tell(flag.acknowledged())

    desk.mailbox.on_data = acknowledge
    await staff.dispatch()
    assert (await staff.alert()).state == "delivered"
    assert await outcomes(desk) == [("StaffAlerted", 1, None)]
    assert await staff.next_due() is None


async def test_a_site_that_named_nobody_is_seen(desk: Desk) -> None:
    staff, flag = Staff(desk), Flag()
    counter = attempts.labels("staff_alert", "email", "no_contacts")
    before = counter._value.get()
    await desk.tell(flag.raised(), traceparent=CAUSE)
    assert await staff.dispatch() == 1
    await desk.tell(flag.escalated(1))
    await desk.tell(flag.escalated(1))
    assert await staff.dispatch() == 1
    assert await outcomes(desk) == [
        ("StaffAlertFailed", 0, "no_contacts"),
        ("StaffAlertFailed", 1, "no_contacts"),
    ]
    assert [(a.state, a.failure) for a in await staff.alerts()] == [("failed", "no_contacts")] * 2
    assert counter._value.get() == before + 2
    traceparent = (await desk.published())[0][1]
    assert traceparent is not None
    assert traceparent.split("-")[1] == CAUSE.split("-")[1]


async def test_a_site_may_name_nobody_on_duty_and_hear_of_escalations_only(
    desk: Desk, staff: Staff
) -> None:
    await staff.name([LEAD])
    await desk.tell(Flag().raised())
    assert await staff.alerts() == []
    assert await desk.published() == []


async def test_a_site_tells_its_own_people_only(desk: Desk, staff: Staff) -> None:
    other = UUID(int=2)
    await staff.name(["far@example.test"], site_id=other)
    await desk.tell(Flag().escalated(1), Flag(site_id=other).escalated(1))
    await staff.dispatch()
    assert sorted(staff.told) == ["far@example.test", LEAD]
    assert len(await staff.alerts(other)) == 1


async def test_a_server_that_is_away_is_tried_with_growing_pauses_and_then_given_up_visibly(
    desk: Desk, staff: Staff
) -> None:
    desk.mailbox.recipient_answers[LEAD] = "450 try later"
    await desk.tell(Flag().escalated(1))
    await staff.dispatch()
    tried = [await staff.until_next_due() for _ in range(8)]
    assert [(at - MONDAY_NOON) // MINUTE for at in tried] == [1, 3, 8, 18, 28, 38, 48, 58]
    assert await staff.until_next_due() == MONDAY_NOON + 60 * MINUTE
    assert await staff.next_due() is None
    alert = await staff.alert()
    assert (alert.state, alert.failure, alert.attempts) == ("failed", "no_longer_timely", 9)
    assert await outcomes(desk) == [("StaffAlertFailed", 1, "no_longer_timely")]


async def test_a_site_says_itself_when_an_alert_is_given_up(
    desk: Desk, staff: Staff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = alert_policy().model_dump(mode="json") | {"give_up_after_minutes": 2}
    folder = tmp_path / "sites" / str(DENVER_SITE) / "notifications" / "escalations"
    folder.mkdir(parents=True)
    (folder / "staff-alerts.yaml").write_text(yaml.safe_dump(own))
    read_anew(monkeypatch, alert_policy, folder=tmp_path)
    desk.mailbox.recipient_answers[LEAD] = "450 try later"
    await desk.tell(Flag().escalated(1))
    await staff.dispatch()
    await staff.until_next_due()
    assert await staff.until_next_due() == MONDAY_NOON + 2 * MINUTE
    assert (await staff.alert()).failure == "no_longer_timely"


async def test_an_alert_goes_out_when_the_server_is_back(desk: Desk, staff: Staff) -> None:
    desk.mailbox.message_answers = ["451 busy", "DROP"]
    await desk.tell(Flag().escalated(1))
    await staff.dispatch()
    await staff.until_next_due()
    await staff.until_next_due()
    alert = await staff.alert()
    assert (alert.state, alert.attempts) == ("delivered", 3)
    assert desk.mailbox.ids == [f"<{alert.id}@example.test>"] * 2, "recognisable as one"


async def test_a_refused_address_is_given_up_visibly_and_does_not_hold_up_the_others(
    desk: Desk, staff: Staff
) -> None:
    await staff.name([LEAD, MANAGER])
    desk.mailbox.recipient_answers[LEAD] = "550 no such mailbox"
    await desk.tell(Flag().escalated(1))
    await staff.dispatch()
    assert staff.told == [MANAGER]
    assert sorted(await outcomes(desk)) == [
        ("StaffAlertFailed", 1, "refused_by_channel"),
        ("StaffAlerted", 1, None),
    ]


async def test_a_step_of_long_ago_that_is_heard_of_late_wakes_nobody(
    desk: Desk, staff: Staff
) -> None:
    await desk.tell(Flag().escalated(1, MONDAY_NOON - timedelta(days=3)))
    await staff.dispatch()
    assert staff.told == []
    assert await outcomes(desk) == [("StaffAlertFailed", 1, "no_longer_timely")]


async def test_a_sender_killed_between_the_servers_answer_and_its_commit_doubles_at_most_once(
    desk: Desk, staff: Staff
) -> None:
    await desk.tell(Flag().escalated(1))
    sender = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.dispatching",
        "alerts",
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "DISPATCH_SETTINGS": json.dumps(desk.settings.model_dump(mode="json")),
        },
    )
    desk.mailbox.on_taken = lambda: os.kill(sender.pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        assert await sender.wait() == -signal.SIGKILL
    desk.mailbox.on_taken = None
    await staff.until_unlocked()
    assert (await staff.alert()).state == "sending"
    assert await desk.published() == []
    assert await staff.dispatch() == 0, "not before the pause after an attempt"
    assert await staff.sending() == 0, "nobody is at work"
    assert await staff.until_next_due() == MONDAY_NOON + MINUTE
    alert = await staff.alert()
    assert (alert.state, alert.attempts) == ("delivered", 2)
    assert desk.mailbox.ids == [f"<{alert.id}@example.test>"] * 2
    assert await outcomes(desk) == [("StaffAlerted", 1, None)]


async def test_two_workers_send_every_alert_once(desk: Desk, staff: Staff) -> None:
    await desk.tell(*(Flag().escalated(1) for _ in range(120)))
    await asyncio.gather(staff.dispatch(), staff.dispatch())
    while await staff.next_due() is not None:
        await staff.dispatch()
    assert len(desk.mailbox.ids) == len(set(desk.mailbox.ids)) == 120
    assert len(await outcomes(desk)) == 120


async def test_an_alert_goes_on_with_the_trace_of_the_answers_that_raised_the_flag(
    desk: Desk, staff: Staff
) -> None:
    flag = Flag()
    await desk.tell(flag.raised(), traceparent=CAUSE)
    await staff.dispatch()
    span = next(s for s in desk.spans if s.name == "send notification")
    assert f"{span.context.trace_id:032x}" == CAUSE.split("-")[1]
    ((_, traceparent),) = await desk.published()
    assert traceparent == f"00-{CAUSE.split('-')[1]}-{span.context.span_id:016x}-01"
    told = " ".join(span.to_json() for span in desk.spans)
    for hidden in ("example.test", str(flag.client_id), "suicide"):
        assert hidden not in told


async def test_an_alert_that_had_to_be_tried_again_links_to_its_cause(
    desk: Desk, staff: Staff
) -> None:
    desk.mailbox.message_answers = ["451 busy"]
    await desk.tell(Flag().raised(), traceparent=CAUSE)
    await staff.dispatch()
    await staff.until_next_due()
    span = [s for s in desk.spans if s.name == "send notification"][-1]
    assert f"{span.context.trace_id:032x}" != CAUSE.split("-")[1]
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [CAUSE.split("-")[1]]


async def test_an_alert_is_none_of_the_messages_to_clients(desk: Desk, staff: Staff) -> None:
    await desk.tell(Flag().raised())
    await staff.dispatch()
    alert = await staff.alert()
    assert await desk.messages() == []
    async with desk.database.transaction(ALL_SITES) as tx:
        with pytest.raises(NotFound):
            await show_notification(tx, alert.id)
        counts = await summarize(tx, DENVER_SITE, MONDAY_NOON.date())
    assert counts.total == 0


async def test_a_message_to_a_client_is_none_of_the_alerts(desk: Desk, staff: Staff) -> None:
    ana = Client("ana")
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON))
    assert await staff.alerts() == []
    assert await staff.next_due() is None
    assert await staff.dispatch() == 0


async def test_alerts_and_messages_to_clients_do_not_hold_each_other_up(
    desk: Desk, staff: Staff
) -> None:
    await desk.tell(Flag().raised())
    assert await desk.dispatch() == 0
    assert await desk.next_due() is None
    assert await staff.next_due() == MONDAY_NOON


async def test_a_defect_of_an_alert_is_logged_and_counted_and_holds_up_no_other(
    desk: Desk, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = Flag(), Flag()

    def written_but_for_one(policy: AlertPolicy, portal: str, flag_id: UUID) -> Text:
        if flag_id == broken.id:
            raise LookupError(flag_id)
        return Text(subject="Please look", body="Something needs you.")

    monkeypatch.setattr(AlertPolicy, "written", written_but_for_one)
    counter = defects.labels("staff_alert", "LookupError")
    before = counter._value.get()
    await desk.tell(broken.escalated(1), other.escalated(1))
    with capture_logs() as lines:
        await staff.dispatch()
    states = {alert.flag_id: alert.state for alert in await staff.alerts()}
    assert states == {broken.id: "planned", other.id: "delivered"}
    assert [(line["log_level"], line["kind"], line["reason"]) for line in lines] == [
        ("error", "staff_alert", "defect: LookupError")
    ]
    assert counter._value.get() == before + 1


async def test_a_risk_of_treatment_is_told_like_a_flag_until_somebody_takes_charge(
    desk: Desk, staff: Staff
) -> None:
    who = {"client_id": uuid4(), "site_id": DENVER_SITE, "risk_id": uuid4()}
    what = {**who, "kind": "return_to_use", "severity": "moderate"}
    cause = {"cause": "substance_use_report", "cause_ids": [uuid4()]}
    at = {"acknowledge_by": MONDAY_NOON, "raised_at": MONDAY_NOON}
    await desk.tell(CourseRiskRaised.model_validate({**what, **cause, **at}))
    await staff.dispatch()
    step = {"step": 1, "escalated_at": MONDAY_NOON}
    await desk.tell(CourseRiskEscalated.model_validate({**what, **step}))
    await staff.dispatch()
    assert staff.told == [DUTY, LEAD]
    await desk.tell(CourseRiskEscalated.model_validate({**what, **step, "step": 2}))
    taken = {"action": "client_reached", "acknowledged_at": MONDAY_NOON}
    await desk.tell(CourseRiskAcknowledged.model_validate({**what, **taken}))
    await staff.dispatch()
    assert staff.told == [DUTY, LEAD]
