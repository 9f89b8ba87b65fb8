"""How risk flags fare; no label names a client or a site."""

from prometheus_client import Counter

flags = Counter(
    "stepwell_risk_flags_total",
    "What happened to risk flags.",
    ["kind", "severity", "happening"],
)
