"""How alerts to staff fare; no label names a client, a site or a kind of risk."""

from prometheus_client import Counter

alerts = Counter(
    "stepwell_staff_alerts_total",
    "Attempts to tell staff of something urgent, by what came of them.",
    ["outcome"],
)
