"""Figures: they say how likely a stay seems to break off."""

from services.outcomes.disengagement.commands import assess_stays
from shared.contracts.outcomes import EngagementChanged
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.on_many(EngagementChanged)(assess_stays)
