"""How messages fare; no label names a client or a site."""

from prometheus_client import Counter

outcomes = Counter(
    "stepwell_notifications_total",
    "Attempts to send a message to a client or to staff, by what came of them.",
    ["kind", "channel", "outcome"],
)

defects = Counter(
    "stepwell_sending_defects_total",
    "Mistakes of ours that kept a message to a client or to staff from going out, by their kind.",
    ["kind", "error"],
)
