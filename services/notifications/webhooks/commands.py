"""What a webhook told, kept in one short transaction that waits for no sender."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import phonenumbers

from services.notifications.contacts.queries import clients_having
from services.notifications.escalations.tasks import NewTask, PlannedTask, plan_tasks
from services.notifications.opt_outs.commands import resume_address, stop_address
from services.notifications.opt_outs.policy import reply_words
from services.notifications.opt_outs.queries import stopped_of
from services.notifications.opt_outs.rules import Meaning
from services.notifications.webhooks.bounces import Bounce
from shared.database import Transaction, insert
from shared.errors import Invalid
from shared.ids import new_id
from shared.telemetry.tracing import current_traceparent
from shared.web.links import LinkNotValid, digest

Status = Literal["sent", "delivered", "bounced"]
STATUSES: dict[str, Status] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "bounced",
    "failed": "bounced",
    "completed": "delivered",
    "busy": "bounced",
    "no-answer": "bounced",
    "canceled": "bounced",
}
"""What a provider calls the states of text messages and calls; those before it has sent are passed
over."""
MAIL = "mail"
"""What whoever hands on mail is called where others have the name of an account."""
REPLY_AGAIN = timedelta(hours=24)
STRANGERS = "strangers"
"""In place of a provider: that a number of no client was answered on a day."""
URGENT = "urgent_reply"
"""The kind of the task to read what may be a cry for help."""
URGENT_OPEN = """
SELECT EXISTS (SELECT FROM staff_tasks
  WHERE client_id = ANY (platform.records_of($1)) AND kind = $2 AND state = 'open')
"""
ADDRESS = "SELECT address FROM handovers WHERE unsubscribe = $1"
MAILED = "SELECT true FROM handovers WHERE notification_id = $1 AND channel = 'email'"
UNREAD_BEFORE = """
SELECT EXISTS (SELECT FROM replies
  WHERE client_id = ANY ($1::uuid[]) AND received_at > $2 AND meaning = $3)
"""


class NotANumber(Invalid):
    """The sender of a reply is neither a number nor a short code."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody wrote back."""

    provider: str
    provider_id: str
    channel: str
    sender: str
    text: str
    answered: bool
    """Whether the provider has answered it already, as it does by itself for words like STOP."""


def number_of(told: str) -> str:
    """The number of a sender in E.164; a short code of 3 to 6 digits stays one.

    A number that can be one is taken: the data that say which are in use lag behind (+1 621,
    +1 837 in phonenumbers 9.0.43).

    Raises:
        NotANumber: it is neither, has an extension, or is two numbers.
    """
    if told.isascii() and told.isdigit() and 3 <= len(told) <= 6:
        return told
    try:
        number = phonenumbers.parse(told)
    except phonenumbers.NumberParseException:
        raise NotANumber(
            "From is no phone number, such as +13035550123.", pointer="/From"
        ) from None
    if number.extension or not phonenumbers.is_possible_number(number):
        raise NotANumber(
            "From is no one phone number: an extension, or too short or too long.", pointer="/From"
        )
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


async def note_report(
    tx: Transaction,
    notification_id: UUID,
    provider: str,
    provider_id: str,
    status: Status,
    error_code: int | None,
) -> None:
    """Keep what a provider says of a message; the same again changes nothing. The message's sender
    draws the conclusions, in whatever order reports come."""
    row = {
        "notification_id": notification_id,
        "provider_id": provider_id,
        "status": status,
        "provider": provider,
        "error_code": error_code,
        "reported_at": tx.now,
        "applied": False,
    }
    await tx.execute(*insert("delivery_reports", row, suffix="ON CONFLICT DO NOTHING"))
    tx.wake()


async def note_bounce(tx: Transaction, bounce: Bounce) -> None:
    """Keep that a mail came back; nothing where we sent none by this id, or forgot it: anybody may
    write to a return path."""
    mail = bounce.notification_id
    if await tx.fetchval(MAILED, mail):
        await note_report(tx, mail, MAIL, str(mail), "bounced", bounce.code)


async def take_reply(tx: Transaction, reply: Reply) -> str | None:
    """Do at once what a reply asks for; the text to answer it with, at most once.

    A wish to hear nothing more holds for the number, whoever has it; a call that comes again does
    nothing. Other replies are answered once in 24 hours, those of numbers of no client once a day,
    and what asks for nothing is not answered to these and to who wants to hear nothing more: two
    machines do not write to each other for ever. Somebody of the staff is told of what may be
    urgent.
    """
    words = reply_words()
    sender = number_of(reply.sender)
    if not await _is_first(tx, reply.provider, reply.provider_id):
        return None
    meaning, how, language = words.understood(reply.text[: words.longest])
    clients = await clients_having(tx, sender)
    answers = words.languages[language]
    told: str | None = None
    if meaning == "stop":
        new = await stop_address(tx, reply.channel, sender, "opted_out", how)
        told = answers.stopped if new else None
    elif meaning == "start":
        ended = await resume_address(tx, sender, "opted_out")
        told = answers.started if ended else None
    elif await _is_answered(tx, meaning, sender, reply.channel, [one for one, _ in clients]):
        answer = {"help": answers.helped, "urgent": answers.urgent, "other": answers.unread}
        told = answer[meaning]
    for client_id, site_id in clients:
        await _keep(tx, reply, client_id, site_id, meaning, words.kept_days)
        if meaning == "urgent":
            await _have_it_read(tx, client_id, site_id)
    return None if reply.answered else told


async def _is_first(tx: Transaction, provider: str, provider_id: str) -> bool:
    """Whether this was not dealt with before; from now on it was."""
    taken = {"provider": provider, "provider_id": provider_id, "taken_at": tx.now}
    done = insert("replies_taken", taken, suffix="ON CONFLICT DO NOTHING RETURNING true")
    return bool(await tx.fetchval(*done))


async def _is_answered(
    tx: Transaction, meaning: Meaning, sender: str, channel: str, clients: Sequence[UUID]
) -> bool:
    """Whether a reply that neither ends nor begins messages is answered."""
    if meaning == "other":
        stopped = await stopped_of(tx, [sender])
        if not clients or stopped.get((channel, sender)) == "opted_out":
            return False
    if clients:
        before = (list(clients), tx.now - REPLY_AGAIN, meaning)
        return not await tx.fetchval(UNREAD_BEFORE, *before)
    known_by = digest(f"{tx.now:%Y-%m-%d} {meaning} {sender}").hex()
    return await _is_first(tx, STRANGERS, known_by)


async def _have_it_read(tx: Transaction, client_id: UUID, site_id: UUID) -> None:
    """Have somebody of the staff read what may be a cry for help; one task of it is open at most.
    It may be somebody whose stay is over."""
    if await tx.fetchval(URGENT_OPEN, client_id, URGENT):
        return
    urgent = reply_words().urgent
    task = NewTask(site_id, client_id, None, URGENT, client_id, tx.now, tx.now)
    pause = timedelta(minutes=urgent.next_person_minutes)
    until = tx.now + urgent.rounds * pause
    await plan_tasks(
        tx, [PlannedTask(task, pause, urgent.rounds, until, traceparent=current_traceparent())]
    )


async def _keep(
    tx: Transaction, reply: Reply, client_id: UUID, site_id: UUID, meaning: Meaning, days: int
) -> None:
    row = {
        "id": new_id(),
        "site_id": site_id,
        "client_id": client_id,
        "channel": reply.channel,
        "meaning": meaning,
        "body": reply.text,
        "received_at": tx.now,
        "forget_at": tx.now + timedelta(days=days),
    }
    await tx.execute(*insert("replies", row))


async def unsubscribe(tx: Transaction, secret: bytes) -> None:
    """Nothing goes any more to the address of the mail with this secret, given as its digest.

    Raises:
        LinkNotValid: there is none, or it is long ago.
    """
    address: str | None = await tx.fetchval(ADDRESS, secret)
    if address is None:
        raise LinkNotValid
    await stop_address(tx, "email", address, "opted_out", "one_click")
