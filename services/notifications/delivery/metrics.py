"""How messages fare; no label names a client or a site."""

from prometheus_client import Counter

outcomes = Counter(
    "stepwell_notifications_total",
    "Attempts to send a message, by what came of them.",
    ["kind", "channel", "outcome"],
)
