"""What a webhook told, kept in one short transaction that waits for no sender."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import phonenumbers

from services.notifications.contacts.queries import clients_having
from services.notifications.opt_outs.commands import resume_address, stop_address
from services.notifications.opt_outs.policy import reply_words
from services.notifications.opt_outs.rules import Meaning
from services.notifications.webhooks.bounces import Bounce
from shared.database import Transaction, insert
from shared.errors import Invalid
from shared.ids import new_id
from shared.web.links import LinkNotValid

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
    nothing. Other replies are answered once in 24 hours, so that two machines do not write to each
    other for ever.
    """
    words = reply_words()
    sender = number_of(reply.sender)
    taken = {"provider": reply.provider, "provider_id": reply.provider_id, "taken_at": tx.now}
    if not await tx.fetchval(
        *insert("replies_taken", taken, suffix="ON CONFLICT DO NOTHING RETURNING true")
    ):
        return None
    meaning, how, language = words.understood(reply.text[: words.longest])
    clients = await clients_having(tx, sender)
    answers = words.languages[language]
    answer = {"help": answers.helped, "urgent": answers.urgent, "other": answers.unread}
    told = answer.get(meaning)
    if meaning == "stop":
        new = await stop_address(tx, reply.channel, sender, "opted_out", how)
        told = answers.stopped if new else None
    elif meaning == "start":
        ended = await resume_address(tx, sender, "opted_out")
        told = answers.started if ended else None
    elif clients:
        ids = [client_id for client_id, _ in clients]
        if await tx.fetchval(UNREAD_BEFORE, ids, tx.now - REPLY_AGAIN, meaning):
            told = None
    for client_id, site_id in clients:
        await _keep(tx, reply, client_id, site_id, meaning, words.kept_days)
    return None if reply.answered else told


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
