"""Who gives an address anew says that it can be reached again; an opt-out stays."""

from services.notifications.opt_outs.commands import resume_address
from shared.contracts.intake import ContactDetailsChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(ContactDetailsChanged, "contacts")
async def details_changed(tx: Transaction, received: Received[ContactDetailsChanged]) -> None:
    for address in (received.event.email, received.event.phone):
        if address is not None:
            await resume_address(tx, address, "unreachable")
