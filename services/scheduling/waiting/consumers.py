"""What intake finds that makes a seat urgent."""

from services.scheduling.waiting.commands import note_flags, note_levels
from shared.contracts.intake import LevelOfCareSigned, RiskFlagRaised
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(RiskFlagRaised, note_flags)
consumers.give(LevelOfCareSigned, note_levels)
