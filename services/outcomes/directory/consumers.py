"""Sites that scheduling opened or changed."""

from services.outcomes.directory.commands import enter_sites
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(SiteOpened, enter_sites)
consumers.give(SiteChanged, enter_sites)
