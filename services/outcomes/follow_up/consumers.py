"""Ends of stays, and zones of sites."""

from services.outcomes.follow_up.commands import move_to_zones, plan_follow_ups
from shared.contracts.intake import ClientSteppedDown, EpisodeStateChanged
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(EpisodeStateChanged, plan_follow_ups, "episodes")
consumers.give(ClientSteppedDown, plan_follow_ups, "episodes")
consumers.give(SiteOpened, move_to_zones, "directory")
consumers.give(SiteChanged, move_to_zones, "directory")
