"""What intake tells of the language that clients read."""

from services.notifications.texts.commands import keep_languages
from shared.contracts.intake import PreferencesChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(PreferencesChanged)
async def preferences_changed(
    tx: Transaction, received: list[Received[PreferencesChanged]]
) -> None:
    await keep_languages(tx, [one.event for one in received])
