"""The words of this capability."""

from typing import Literal

from services.notifications.rulebook.kinds import STAFF_ALERT as STAFF_ALERT
from services.notifications.rulebook.kinds import Kind as Kind

State = Literal["planned", "sending", "delivered", "failed", "suppressed", "cancelled"]
"""Where it is; the last four are final, but for a cancelled one that is planned anew."""
Failure = Literal["no_contact_details", "refused_by_channel", "no_longer_timely"]
"""Why a message to a client was given up."""
AlertFailure = Literal["no_contacts", "refused_by_channel", "no_longer_timely"]
"""Why a message to staff was given up."""
ChannelName = Literal["email", "log"]
"""The way it takes."""
