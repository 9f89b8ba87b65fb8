"""What intake tells about how to reach a client."""

from services.notifications.contacts.commands import replace_contact
from shared.contracts.intake import ContactDetailsChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(ContactDetailsChanged)
async def details_changed(tx: Transaction, received: Received[ContactDetailsChanged]) -> None:
    await replace_contact(tx, received.event)
