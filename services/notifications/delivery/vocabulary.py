"""The words of this capability."""

from typing import Literal

from services.notifications.rulebook.kinds import STAFF_ALERT as STAFF_ALERT
from services.notifications.rulebook.kinds import Kind as Kind

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
ChannelName = Literal["email", "sms", "voice", "webhook", "chat", "log"]
"""The way it takes."""
