"""Referrals, seats and attendance, as intake and scheduling tell them."""

from services.outcomes.programs.commands import (
    change_referrals,
    keep_attendance,
    keep_referrals,
    keep_seats,
)
from shared.contracts.intake import ReferralReceived, ReferralStateChanged
from shared.contracts.scheduling import ClientPlaced, SessionAttended, SessionMissed, SessionNotHeld
from shared.messaging.consumer import Consumers

consumers = Consumers()
consumers.give(ReferralReceived, keep_referrals)
consumers.give(ReferralStateChanged, change_referrals)
consumers.give(ClientPlaced, keep_seats)
consumers.on_many(SessionAttended, "engagement")(keep_attendance)
consumers.on_many(SessionMissed, "engagement")(keep_attendance)
consumers.on_many(SessionNotHeld, "engagement")(keep_attendance)
