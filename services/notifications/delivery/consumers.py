"""What ends messages of a client, or lets those that wait be looked at again.

Registered behind `consents` and `stays`, which keep what the messages are decided by.
"""

from services.notifications.consents.commands import FORM
from services.notifications.delivery.commands import cancel_of_stays, look_again
from shared.contracts.intake import (
    ClientsMerged,
    ClientSteppedDown,
    ConsentGranted,
    EpisodeStateChanged,
)
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(EpisodeStateChanged)
async def stays_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    events = [one.event for one in received]
    await look_again(tx, (e.client_id for e in events if e.from_state == "on_hold"))
    await cancel_of_stays(tx, ((e.client_id, e.enrolment_id) for e in events if e.ended))


@consumers.on_many(ClientSteppedDown)
async def clients_stepped_down(
    tx: Transaction, received: list[Received[ClientSteppedDown]]
) -> None:
    events = [one.event for one in received]
    await cancel_of_stays(tx, ((e.client_id, e.enrolment_id) for e in events))


@consumers.on_many(ClientsMerged)
async def clients_merged(tx: Transaction, received: list[Received[ClientsMerged]]) -> None:
    await cancel_of_stays(tx, ((one.event.merged_client_id, None) for one in received))


@consumers.on_many(ConsentGranted)
async def consents_granted(tx: Transaction, received: list[Received[ConsentGranted]]) -> None:
    events = [one.event for one in received]
    await look_again(tx, (e.client_id for e in events if e.form == FORM))
