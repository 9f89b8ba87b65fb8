"""What intake tells of clients."""

from services.scheduling.preferences import commands
from shared.contracts import intake
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(intake.PreferencesChanged, commands.keep_stated)
consumers.give(intake.DualDiagnosisChanged, commands.keep_needs)
consumers.give(intake.ReferralReceived, commands.keep_referrals)
consumers.give(intake.ClientEnrolled, commands.keep_enrolments)
