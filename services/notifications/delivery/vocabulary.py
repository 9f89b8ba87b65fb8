"""The words of this capability."""

from typing import Literal

Kind = Literal["session_reminder", "missed_session_outreach", "session_not_held", "seat_offer"]
"""Why a message is sent to a client."""
STAFF_ALERT = "staff_alert"
"""The kind of every message to staff."""
State = Literal[
    "planned", "sending", "sent", "delivered", "bounced", "failed", "suppressed", "cancelled"
]
"""Where it is; those after `sent` are final, but for a cancelled one that is planned anew, a failed
one that an operator retries, and a delivered one of which a bounce is reported later."""
Failure = Literal[
    "no_contact_details",
    "refused_by_channel",
    "no_longer_timely",
    "outcome_unknown",
    "unreachable",
]
"""Why a message to a client was given up."""
AlertFailure = Literal["no_contacts", "refused_by_channel", "no_longer_timely", "outcome_unknown"]
"""Why a message to staff was given up."""
ONCE_A_SESSION: frozenset[Kind] = frozenset({"missed_session_outreach"})
"""Kinds that are sent once for a session even when the session moves."""
ChannelName = Literal["email", "sms", "voice", "webhook", "chat", "log"]
"""The way it takes."""
