"""Every event that a rule may begin or end with, and the zone in which clients read clocks."""

from typing import Any

from services.notifications.planning.commands import follow_rules, move_messages
from services.notifications.rulebook.sources import SOURCES
from shared.contracts.base import Event
from shared.contracts.intake import (
    ClientMergeUndone,
    ClientsMerged,
    ClientSteppedDown,
    ContactDetailsChanged,
)
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


async def told(tx: Transaction, received: list[Received[Any]]) -> None:
    events: list[tuple[Event, str | None]] = [(one.event, one.traceparent) for one in received]
    await follow_rules(tx, type(events[0][0]).__name__, events)


for contract in SOURCES.values():
    first = ("stays", "delivery") if contract is ClientSteppedDown else ()
    consumers.on_many(contract, *first)(told)


@consumers.on(ContactDetailsChanged, "contacts")
async def details_changed(tx: Transaction, received: Received[ContactDetailsChanged]) -> None:
    await move_messages(tx, received.event.client_id)


@consumers.on(ClientsMerged, "merges")
async def clients_merged(tx: Transaction, received: Received[ClientsMerged]) -> None:
    await move_messages(tx, received.event.client_id)


@consumers.on(ClientMergeUndone, "merges")
async def client_merge_undone(tx: Transaction, received: Received[ClientMergeUndone]) -> None:
    for client_id in (received.event.client_id, received.event.merged_client_id):
        await move_messages(tx, client_id)
