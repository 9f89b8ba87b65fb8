"""What intake tells of consents to be reached; other forms are passed over."""

from services.notifications.consents.commands import FORM, end_consent, replace_consent
from shared.contracts.intake import ConsentExpired, ConsentGranted, ConsentRevoked
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(ConsentGranted)
async def consent_granted(tx: Transaction, received: Received[ConsentGranted]) -> None:
    if received.event.form == FORM:
        await replace_consent(tx, received.event)


@consumers.on(ConsentRevoked)
async def consent_revoked(tx: Transaction, received: Received[ConsentRevoked]) -> None:
    if received.event.form == FORM:
        await end_consent(tx, received.event)


@consumers.on(ConsentExpired)
async def consent_expired(tx: Transaction, received: Received[ConsentExpired]) -> None:
    if received.event.form == FORM:
        await end_consent(tx, received.event)
