"""What operators should see of sessions."""

from prometheus_client import Counter

not_moved = Counter(
    "stepwell_sessions_not_moved_total",
    "Sessions that kept their instant after a change of zone rules, as others stood in the way.",
)

not_assigned = Counter(
    "stepwell_sessions_not_assigned_total",
    "Rooms and people that a plan without an end names and that were not free for its sessions.",
)
