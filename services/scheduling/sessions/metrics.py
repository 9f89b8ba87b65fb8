"""What operators should see of sessions."""

from prometheus_client import Counter

not_moved = Counter(
    "stepwell_sessions_not_moved_total",
    "Sessions that kept their instant after a change of zone rules, as others stood in the way.",
)
