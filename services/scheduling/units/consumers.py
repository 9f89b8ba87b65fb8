"""Authorizations, certifications and stays, as intake tells them."""

from services.scheduling.units import commands
from shared.contracts.intake import (
    AuthorizationChanged,
    ClientCertified,
    ClientEnrolled,
    EpisodeStateChanged,
)
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(AuthorizationChanged)
async def authorization_changed(tx: Transaction, received: Received[AuthorizationChanged]) -> None:
    await commands.keep_authorization(tx, received.event)


@consumers.on(ClientCertified)
async def client_certified(tx: Transaction, received: Received[ClientCertified]) -> None:
    await commands.note_certification(tx, received.event)


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    tx.at_end(commands.follow_stays, *received)


@consumers.on_many(EpisodeStateChanged)
async def episodes_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    tx.at_end(commands.follow_stays, *received)
