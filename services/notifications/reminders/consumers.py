"""Sessions that clients are expected at, and the zone they read their clocks in."""

from services.notifications.reminders.commands import (
    cancel_reminders,
    move_reminders,
    plan_reminders,
)
from shared.contracts.intake import ClientMergeUndone, ClientsMerged, ContactDetailsChanged
from shared.contracts.scheduling import SessionCancelled, SessionScheduled
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SessionScheduled)
async def sessions_scheduled(tx: Transaction, received: list[Received[SessionScheduled]]) -> None:
    await plan_reminders(tx, [(one.event, one.traceparent) for one in received])


@consumers.on_many(SessionCancelled)
async def sessions_cancelled(tx: Transaction, received: list[Received[SessionCancelled]]) -> None:
    await cancel_reminders(tx, ((one.event.client_id, one.event.session_id) for one in received))


@consumers.on(ContactDetailsChanged, "contacts")
async def details_changed(tx: Transaction, received: Received[ContactDetailsChanged]) -> None:
    await move_reminders(tx, received.event.client_id)


@consumers.on(ClientsMerged, "merges")
async def clients_merged(tx: Transaction, received: Received[ClientsMerged]) -> None:
    await move_reminders(tx, received.event.client_id)


@consumers.on(ClientMergeUndone, "merges")
async def client_merge_undone(tx: Transaction, received: Received[ClientMergeUndone]) -> None:
    for client_id in (received.event.client_id, received.event.merged_client_id):
        await move_reminders(tx, client_id)
