"""Addresses to which nothing goes any more, and to which something goes again."""

from services.notifications.contacts.queries import clients_having
from services.notifications.opt_outs.rules import LearnedFrom, Stopped, of_one_mailbox
from shared.contracts.notifications import ContactOptedOut, ContactUnreachable
from shared.database import Transaction, insert
from shared.ids import new_id
from shared.messaging.outbox import publish

CALLED = {"sms": ("sms", "voice"), "voice": ("sms", "voice"), "email": ("email",)}
"""Who wants no text messages from us wants no calls by a machine either: it is the same number."""
END = """
UPDATE stopped_addresses SET ended_at = $1
WHERE address = ANY ($2) AND reason = $3 AND ended_at IS NULL
"""


async def stop_address(
    tx: Transaction, channel: str, address: str, reason: Stopped, learned_from: LearnedFrom
) -> bool:
    """From now on nothing goes to the address; whether that is new.

    The clients who have it are told of by an event each, without the address.
    """
    number = of_one_mailbox(address.removeprefix("voice:"))
    new = False
    for way in CALLED[channel] if reason == "opted_out" else (channel,):
        row = {
            "id": new_id(),
            "channel": way,
            "address": number,
            "reason": reason,
            "learned_from": learned_from,
            "since": tx.now,
        }
        made = await tx.fetchval(
            *insert("stopped_addresses", row, suffix="ON CONFLICT DO NOTHING RETURNING true")
        )
        new = new or bool(made)
    if new:
        for client_id, site_id in await clients_having(tx, number):
            about = {"client_id": client_id, "site_id": site_id, "channel": channel}
            if reason == "opted_out":
                publish(tx, ContactOptedOut(**about, how=learned_from, opted_out_at=tx.now))
            else:
                publish(tx, ContactUnreachable(**about, reason=learned_from, noticed_at=tx.now))
    return new


async def resume_address(tx: Transaction, address: str, reason: Stopped) -> bool:
    """Something goes to the address again; whether it was stopped."""
    done = await tx.execute(END, tx.now, [address, of_one_mailbox(address)], reason)
    return not done.endswith(" 0")
