"""The dispatch job: sends the messages to clients that are due; `queue` says how."""

from collections.abc import Sequence

import asyncpg

from services.notifications.consents.queries import consents_of
from services.notifications.contacts.queries import contacts_of
from services.notifications.delivery.due import Due
from services.notifications.delivery.queue import Queue
from services.notifications.delivery.results import settled, untouched, write_results
from services.notifications.delivery.sending import send
from services.notifications.stays.queries import stays_of
from services.notifications.stays.rules import standing
from shared.database import Transaction
from shared.jobs import Job


async def _due(tx: Transaction, rows: Sequence[asyncpg.Record]) -> list[Due]:
    clients = {row["client_id"] for row in rows}
    contacts = await contacts_of(tx, clients)
    consents = await consents_of(tx, clients)
    stays = await stays_of(tx, clients)
    return [
        Due.of(
            row,
            contacts.get(row["client_id"]),
            consents.get(row["client_id"], ()),
            standing(stays.get(row["client_id"], {}), row["enrolment_id"]),
        )
        for row in rows
    ]


messages = Queue(
    table="notifications",
    order="n.client_id, n.session_id",
    lock=1,
    due=_due,
    settled=settled,
    send=send,
    untouched=untouched,
    write=write_results,
)
"""The messages to clients."""

dispatch_job = Job(name="dispatch", next_due=messages.next_due, run=messages.dispatch)
