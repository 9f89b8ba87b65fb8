"""Records that are one person, as intake tells it: nobody is taken twice."""

from services.scheduling.appointments.commands import follow_merges
from shared.contracts.intake import ClientMergeUndone, ClientsMerged
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(ClientsMerged, follow_merges, "merges")
consumers.give(ClientMergeUndone, follow_merges, "merges")
