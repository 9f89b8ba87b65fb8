"""Screenings that intake scored."""

from services.outcomes.scores.commands import keep_scores
from shared.contracts.intake import ScreeningCompleted
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(ScreeningCompleted, keep_scores)
