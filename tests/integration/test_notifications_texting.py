"""Text messages: sent once whatever the provider answers, and how they fared as it reports."""

import asyncio
import os
import signal
import sys
from datetime import timedelta

import pytest
from starlette.responses import JSONResponse, Response

from services.notifications.escalations.jobs import alerts
from services.notifications.timeline.jobs import forget_job
from shared.contracts.notifications import (
    ContactOptedOut,
    ContactUnreachable,
    NoticeDelivered,
    NoticeFailed,
)
from shared.jobs import JobContext
from tests.support.alerts import DUTY, LEAD, Staff
from tests.support.notifications import DENVER_SITE, Client
from tests.support.texting import HOURS, NUMBER, Texting, texted


@pytest.fixture
def ana() -> Client:
    return Client("ana")


def answering(*answers: Response | None):
    """Answers with each in turn, then as ever."""
    left = list(answers)

    async def answer(form: dict[str, str]) -> Response | None:
        return left.pop(0) if left else None

    return answer


def problem(status: int, code: int = 0, **headers: str) -> Response:
    return JSONResponse({"code": code, "status": status}, status, headers=headers)


async def events(texting: Texting, kind: type) -> list:
    return [e for e, _ in await texting.desk.published() if isinstance(e, kind)]


async def test_a_reminder_by_text_message_is_sent_and_then_reported_delivered(
    texting: Texting, ana: Client
) -> None:
    await texting.remind(ana)
    await texting.desk.dispatch()
    assert (await texting.desk.message()).state == "sent"
    await texting.settle()
    shown = await texting.desk.message()
    assert (shown.state, shown.channel, shown.attempts) == ("delivered", "sms", 1)
    (taken,) = texting.provider.taken
    assert (taken["to"], taken["key"]) == (NUMBER, str(shown.id))
    (told,) = await events(texting, NoticeDelivered)
    assert (told.channel, told.kind, told.client_id) == ("sms", "session_reminder", ana.id)
    entry = (await texting.get(f"/clients/{ana.id}/timeline")).json()["items"][0]
    assert (entry["state"], entry["body"]) == ("delivered", taken["body"])
    seen = (await texting.get(f"/clients/{ana.id}/timeline", "front_desk")).json()["items"][0]
    assert seen["body"] is None


async def test_reports_about_messages_that_nobody_knows_hold_up_no_other(
    texting: Texting, ana: Client
) -> None:
    """As after a database was set back to its backup."""
    await texting.rows(
        "INSERT INTO delivery_reports SELECT gen_random_uuid(), 'SM' || n, 'delivered', 'main',"
        " NULL, $1, false FROM generate_series(1, 500) n",
        texting.desk.now - timedelta(days=1),
    )
    await texting.remind(ana)
    await texting.settle()
    assert (await texting.desk.message()).state == "delivered"


async def test_reports_that_come_twice_and_out_of_order_end_as_those_in_order(
    texting: Texting, ana: Client
) -> None:
    texting.provider.reports = False
    await texting.remind(ana)
    await texting.desk.dispatch()
    shown, (taken,) = await texting.desk.message(), texting.provider.taken
    url = f"{texting.public_url}/webhooks/main/reports/{shown.id}"
    for state in ("undelivered", "delivered", "sent", "delivered", "undelivered"):
        await texting.provider._report(url, taken, state, 30008 if state[0] == "u" else None)
    await texting.desk.dispatch()
    assert (await texting.desk.message()).state == "bounced"
    (told,) = await events(texting, NoticeFailed)
    assert (told.reason, told.channel) == ("bounced", "sms")


async def test_an_answer_that_comes_too_late_is_looked_up_and_the_message_not_sent_again(
    texting: Texting, ana: Client
) -> None:
    texting.provider.reports = False

    async def late(form: dict[str, str]) -> None:
        await asyncio.sleep(0.7)  # longer than the sender waits

    texting.provider.after = late
    await texting.remind(ana)
    await texting.desk.dispatch()
    assert (await texting.desk.message()).state == "planned"
    texting.provider.after = None
    await texting.desk.until_next_due()
    assert (await texting.desk.message()).state == "sent"
    assert len(texting.provider.taken) == 1
    assert not texting.second.taken, "it may be out, so nobody else is asked"


async def test_an_answer_of_500_is_looked_up_and_sent_once_if_it_is_not_there(
    texting: Texting, ana: Client
) -> None:
    texting.provider.before = answering(problem(500))
    await texting.remind(ana)
    await texting.desk.dispatch()
    assert (await texting.desk.message()).state == "planned"
    await texting.desk.until_next_due()
    assert len(texting.provider.taken) == 1


async def test_a_provider_that_has_too_much_to_do_is_left_alone_as_long_as_it_asks(
    texting: Texting, ana: Client
) -> None:
    texting.provider.before = texting.second.before = answering(
        *2 * [problem(429, 20429, **{"Retry-After": "1800"})]
    )
    await texting.remind(ana)
    begun = texting.desk.now
    await texting.desk.dispatch()
    assert await texting.desk.until_next_due() == begun + timedelta(minutes=30)
    assert len(texting.provider.taken) == 1


async def test_a_provider_that_is_down_is_replaced_by_the_second(
    texting: Texting, ana: Client
) -> None:
    texting.provider.before = answering(*20 * [problem(503)])
    await texting.remind(ana)
    await texting.settle()
    assert (len(texting.provider.taken), len(texting.second.taken)) == (0, 1)
    assert (await texting.desk.message()).state == "delivered"


async def test_a_number_at_which_nothing_arrives_is_told_and_mail_takes_its_place(
    texting: Texting, ana: Client
) -> None:
    texting.provider.before = answering(problem(400, 21614))
    await texting.remind(ana, email="ana@example.test")
    await texting.settle()
    shown = await texting.desk.message()
    assert (shown.state, shown.channel) == ("delivered", "email")
    assert len(texting.desk.mailbox.taken) == 1
    (told,) = await events(texting, ContactUnreachable)
    assert (told.client_id, told.channel) == (ana.id, "sms")


async def test_a_bounce_that_is_reported_later_takes_another_way_once(
    texting: Texting, ana: Client
) -> None:
    texting.provider.reports = False
    await texting.remind(ana, email="ana@example.test")
    await texting.desk.dispatch()
    shown, (taken,) = await texting.desk.message(), texting.provider.taken
    url = f"{texting.public_url}/webhooks/main/reports/{shown.id}"
    for _ in range(2):
        await texting.provider._report(url, taken, "undelivered", 30006)
        await texting.desk.dispatch()
    shown = await texting.desk.message()
    assert (shown.state, shown.channel) == ("delivered", "email")
    assert len(texting.desk.mailbox.taken) == 1


@pytest.mark.parametrize("step", ["before", "after"])
async def test_a_worker_killed_while_it_hands_over_neither_loses_nor_doubles_a_reminder(
    texting: Texting, ana: Client, step: str
) -> None:
    texting.provider.reports = False
    env = {**os.environ, "DISPATCH_SETTINGS": texting.desk.settings.model_dump_json(by_alias=True)}
    await texting.remind(ana)
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.dispatching", env=env
    )

    async def kill(form: dict[str, str]) -> Response | None:
        sender.kill()
        await sender.wait()
        return problem(503) if step == "before" else None

    setattr(texting.provider, step, kill)
    async with asyncio.timeout(20):
        await sender.wait()
    assert sender.returncode == -signal.SIGKILL
    setattr(texting.provider, step, None)
    await texting.desk.until_unlocked()
    assert len(texting.provider.taken) == (step == "after")
    await texting.desk.until_next_due()
    assert (await texting.desk.message()).state == "sent"
    assert len(texting.provider.taken) == 1


async def test_stop_is_honoured_at_once_and_confirmed_once_and_start_takes_it_back(
    texting: Texting, ana: Client
) -> None:
    await texting.remind(ana)
    assert "no more messages" in (await texting.provider.reply(NUMBER, " sToP. ") or "")
    assert await texting.provider.reply(NUMBER, "STOP") is None, "confirmed once"
    await texting.desk.dispatch()
    shown = await texting.desk.message()
    assert (shown.state, shown.rule) == ("suppressed", "opted_out")
    assert texting.provider.taken == []
    (told,) = await events(texting, ContactOptedOut)
    assert (told.client_id, told.how) == (ana.id, "word")
    assert "again" in (await texting.provider.reply(NUMBER, "Start") or "")
    await texting.desk.tell(ana.expected(texting.desk.now + timedelta(hours=6)))
    await texting.settle()
    assert len(texting.provider.taken) == 1


async def test_a_reply_that_comes_again_does_nothing_even_after_the_opposite(
    texting: Texting, ana: Client
) -> None:
    await texting.remind(ana)
    sid = {"MessageSid": "SM1"}
    assert await texting.provider.reply(NUMBER, "no me manden mensajes", **sid)
    assert await texting.provider.reply(NUMBER, "START")
    assert await texting.provider.reply(NUMBER, "no me manden mensajes", **sid) is None
    await texting.settle()
    assert len(texting.provider.taken) == 1


async def test_despair_is_no_opt_out_and_is_answered_with_where_to_find_help(
    texting: Texting, ana: Client
) -> None:
    await texting.remind(ana)
    answer = await texting.provider.reply(NUMBER, "I can't stop thinking about using")
    assert "988" in (answer or "")
    entries = (await texting.get(f"/clients/{ana.id}/timeline")).json()["items"]
    assert [e["meaning"] for e in entries if e["direction"] == "in"] == ["urgent"]
    await texting.settle()
    assert len(texting.provider.taken) == 1


async def test_somebody_of_the_staff_is_told_of_despair_until_it_was_read(
    texting: Texting, ana: Client
) -> None:
    staff = Staff(texting.desk)
    await staff.name([LEAD], on_duty=[DUTY])
    await texting.desk.introduce(texted(ana))
    await texting.desk.tell(ana.enrolled())
    await texting.desk.tell(ana.becomes("completed"))
    await texting.provider.reply(NUMBER, "I want to die")
    await texting.provider.reply(NUMBER, "quiero morirme")
    (task,) = (await texting.get(f"/sites/{DENVER_SITE}/staff-tasks")).json()["items"]
    assert (task["kind"], task["client_id"]) == ("urgent_reply", str(ana.id))
    await alerts.dispatch(JobContext(texting.desk.database, texting.desk.settings))
    assert staff.told == [DUTY]
    texting.desk.set_clock(texting.desk.now + timedelta(minutes=15))
    await alerts.dispatch(JobContext(texting.desk.database, texting.desk.settings))
    assert staff.told == [DUTY, LEAD]


@pytest.mark.parametrize(
    ("text", "answers"),
    [("This is an automatic reply.", 0), ("In an emergency call 911.", 1), ("HELP", 1)],
)
async def test_a_machine_of_nobody_we_know_is_not_written_to_for_ever(
    texting: Texting, text: str, answers: int
) -> None:
    told = [await texting.provider.reply(number, text) for number in ("22395",) * 5]
    assert len([answer for answer in told if answer]) == answers
    if answers:
        texting.desk.set_clock(texting.desk.now + timedelta(days=1))
        assert await texting.provider.reply("22395", text)


async def test_who_wants_no_messages_is_not_told_that_nobody_reads_the_answer(
    texting: Texting, ana: Client
) -> None:
    await texting.remind(ana)
    assert "Replies are not read" in (await texting.provider.reply(NUMBER, "see you then") or "")
    texting.desk.set_clock(texting.desk.now + timedelta(days=2))
    assert await texting.provider.reply(NUMBER, "STOP")
    assert await texting.provider.reply(NUMBER, "ok bye") is None
    assert "988" in (await texting.provider.reply(NUMBER, "I want to die") or "")


async def test_what_the_provider_answered_itself_is_not_answered_twice(
    texting: Texting, ana: Client
) -> None:
    await texting.remind(ana)
    assert await texting.provider.reply(NUMBER, "STOP", OptOutType="STOP") is None
    await texting.desk.dispatch()
    assert (await texting.desk.message()).rule == "opted_out"


async def test_forged_and_senseless_webhooks_are_refused_and_counted(
    texting: Texting, ana: Client
) -> None:
    url = "/webhooks/main/replies"
    forged = await texting.api.post(url, data={"From": NUMBER, "Body": "STOP", "MessageSid": "SM9"})
    assert (forged.status_code, forged.json()["type"]) == (403, "/problems/forged-webhook")
    large = await texting.api.post(url, data={"Body": "x" * 20_000})
    assert large.status_code == 413
    unknown = await texting.api.post("/webhooks/nobody/replies", data={"From": NUMBER})
    assert unknown.status_code == 404
    full = f"{texting.public_url}{url}"
    two = await texting.provider.post(full, {"From": "303-555-0123 / 0124", "MessageSid": "SM8"})
    assert two is not None
    assert (two.status_code, two.json()["errors"][0]["pointer"]) == (422, "/From")
    seen = (await texting.get("/webhook-refusals", "auditor")).json()["refusals"]
    assert [(one["provider"], one["reason"], one["calls"]) for one in seen] == [
        ("main", "forged-webhook", 1),
        ("main", "webhook-too-large", 1),
        ("unknown", "unknown-provider", 1),
    ]


async def test_one_click_ends_mail_and_looking_at_the_address_does_not(
    texting: Texting, ana: Client
) -> None:
    desk = texting.desk
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(desk.now))
    await desk.dispatch()
    (mail,) = desk.mailbox.taken
    address = mail["List-Unsubscribe"].strip("<>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (await texting.api.get(address)).status_code == 200
    assert await texting.rows("SELECT FROM stopped_addresses") == []
    done = await texting.api.post(address, data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    await desk.tell(ana.missed(desk.now - timedelta(days=1)))
    await desk.dispatch()
    assert len(desk.mailbox.taken) == 1
    (other,) = await desk.messages(state="suppressed")
    assert other.rule == "opted_out"


async def test_who_wants_no_mail_gets_none_however_the_address_is_typed_next_time(
    texting: Texting, ana: Client
) -> None:
    desk, again = texting.desk, Client("again")
    await desk.introduce(ana.details(email="Ana.Doe@example.test"))
    await desk.introduce(again.details(email="ana.DOE@example.test"))
    await desk.tell(ana.missed(desk.now))
    await desk.dispatch()
    await texting.api.post(desk.mailbox.taken[0]["List-Unsubscribe"].strip("<>"))
    told = await events(texting, ContactOptedOut)
    assert {event.client_id for event in told} == {ana.id, again.id}
    await desk.introduce(ana.details(email="ana.doe@example.test"))
    await desk.tell(ana.missed(desk.now - timedelta(days=1)))
    await desk.tell(again.missed(desk.now))
    await desk.dispatch()
    assert len(desk.mailbox.taken) == 1
    assert {m.rule for m in await desk.messages(state="suppressed")} == {"opted_out"}


async def test_an_operator_has_a_message_tried_again_or_discards_it(
    texting: Texting, ana: Client
) -> None:
    texting.provider.before = answering(*2 * [problem(400, 30007)])
    await texting.remind(ana)
    await texting.settle()
    (dead,) = (await texting.get("/undelivered-messages", "site_manager")).json()["items"]
    assert (dead["state"], dead["failure"]) == ("failed", "refused_by_channel")
    again = await texting.post(f"/undelivered-messages/{dead['id']}/retry")
    assert again.status_code == 202
    await texting.settle()
    assert (await texting.post(f"/undelivered-messages/{dead['id']}/discard")).status_code == 200
    assert (await texting.get("/undelivered-messages", "site_manager")).json()["items"] == []
    refused = await texting.post(f"/undelivered-messages/{dead['id']}/retry")
    assert refused.status_code == 409


async def test_a_reminder_by_mail_that_may_be_out_is_not_sent_again_but_shown_to_the_operator(
    texting: Texting, ana: Client
) -> None:
    desk = texting.desk
    desk.mailbox.message_answers = ["DROP"]
    await desk.introduce(ana.details())
    await desk.tell(ana.expected(desk.now + HOURS))
    await desk.dispatch()
    await desk.until_next_due()
    shown = await desk.message()
    assert (shown.state, shown.failure) == ("failed", "outcome_unknown")
    assert len(desk.mailbox.taken) == 1
    (told,) = await events(texting, NoticeFailed)
    assert told.reason == "outcome_unknown"
    (dead,) = (await texting.get("/undelivered-messages", "site_manager")).json()["items"]
    assert dead["id"] == str(shown.id)


async def test_a_machine_calls_only_who_asked_for_it_and_lets_something_be_left_on_voicemail(
    texting: Texting, ana: Client
) -> None:
    desk = texting.desk
    for voicemail in ("none", "appointment"):
        await desk.introduce(texted(ana).model_copy(update={"preferred": "voice"}))
        await desk.tell(ana.agrees(channels=["voice"], voicemail=voicemail))
        await desk.tell(ana.expected(desk.now + HOURS))
        await texting.settle()
    calls = [(one["what"], one["to"]) for one in texting.provider.taken]
    assert calls == [("voice", NUMBER)]
    assert "<Say language=" in texting.provider.taken[0]["body"]
    states = {m.state for m in await desk.messages()}
    assert states == {"suppressed", "delivered"}


async def test_a_number_that_is_given_anew_is_tried_again_and_an_opt_out_stays(
    texting: Texting, ana: Client
) -> None:
    texting.provider.before = answering(problem(400, 21614))
    await texting.remind(ana)
    await texting.settle()
    await texting.desk.tell(texted(ana))
    assert await texting.rows("SELECT FROM stopped_addresses WHERE ended_at IS NULL") == []
    await texting.provider.reply(NUMBER, "STOP")
    await texting.desk.tell(texted(ana))
    rows = await texting.rows("SELECT FROM stopped_addresses WHERE ended_at IS NULL")
    assert len(rows) == 2, "text messages and calls"


async def test_what_was_said_is_gone_after_its_time_and_that_it_was_said_is_not(
    texting: Texting, ana: Client
) -> None:
    await texting.remind(ana)
    await texting.settle()
    texting.desk.set_clock(texting.desk.now + timedelta(seconds=1))  # ids of one instant are equal
    await texting.provider.reply(NUMBER, "hello")
    texting.desk.set_clock(texting.desk.now + timedelta(days=91))
    await forget_job.run(JobContext(texting.desk.database, texting.desk.settings))
    entries = (await texting.get(f"/clients/{ana.id}/timeline")).json()["items"]
    assert [(e["direction"], e["body"]) for e in entries] == [("out", None), ("in", None)]


async def test_a_report_tells_of_a_message_without_an_answer_that_the_provider_has_it(
    texting: Texting, ana: Client
) -> None:
    async def late(form: dict[str, str]) -> None:
        await asyncio.sleep(0.7)  # longer than the sender waits

    texting.provider.after = late
    await texting.remind(ana)
    await texting.settle()
    assert (await texting.desk.message()).state == "planned"
    texting.provider.taken.clear()  # it could not be looked up any more
    await texting.desk.until_next_due()
    await texting.settle()
    assert (await texting.desk.message()).state == "delivered"
    assert texting.provider.taken == []


async def test_reminders_that_wait_for_a_connection_are_not_taken_for_sent(
    texting: Texting,
) -> None:
    desk = texting.desk
    desk.mailbox.most_connections = 1
    clients = [Client(f"client{n}") for n in range(6)]
    await desk.introduce(*(client.details() for client in clients))
    await desk.tell(*(client.expected(desk.now + HOURS) for client in clients))
    await desk.dispatch()
    assert {m.state for m in await desk.messages()} == {"delivered"}
    assert len(set(desk.mailbox.ids)) == len(desk.mailbox.ids) == 6
