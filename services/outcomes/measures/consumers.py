"""Whatever changes when a client's measures are due: a stay, a hold, a score, a merge, a zone."""

from services.outcomes.measures import commands
from shared.contracts import intake
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(intake.ScreeningCompleted, commands.look_again, "scores")
consumers.give(intake.ClientEnrolled, commands.look_again, "episodes")
consumers.give(intake.ClientSteppedDown, commands.look_again, "episodes")
consumers.give(intake.EpisodeStateChanged, commands.note_states, "episodes")
consumers.give(intake.ClientsMerged, commands.look_again_at_both, "merges")
consumers.give(intake.ClientMergeUndone, commands.look_again_at_both, "merges")
consumers.give(SiteOpened, commands.look_again_at_sites, "directory")
consumers.give(SiteChanged, commands.look_again_at_sites, "directory")
