"""Pauses of stays, as intake tells them."""

from services.scheduling.holds.commands import follow_holds
from shared.contracts.intake import EpisodeStateChanged
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.on_many(EpisodeStateChanged)(follow_holds)
