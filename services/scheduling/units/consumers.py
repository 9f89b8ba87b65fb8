"""Authorizations, certifications and stays, as intake tells them."""

from services.scheduling.units import commands
from shared.contracts import intake
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(intake.AuthorizationChanged, commands.keep_authorizations)
consumers.give(intake.ClientCertified, commands.note_certifications)
consumers.give(intake.ClientEnrolled, commands.note_stays)
consumers.give(intake.EpisodeStateChanged, commands.note_stays)
