"""Prometheus metrics of the platform. Labels name services, streams and routes; never a client."""

from prometheus_client import Counter, Gauge, Histogram

requests = Histogram(
    "stepwell_http_server_request_duration_seconds",
    "Time from request to answer, by route template.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
published = Counter(
    "stepwell_events_published_total", "Events acknowledged by the broker.", ["service"]
)
applied = Counter("stepwell_events_applied_total", "Events applied.", ["consumer", "stream"])
skipped = Counter(
    "stepwell_events_skipped_total", "Events that were applied before and skipped.", ["consumer"]
)
gaps = Counter("stepwell_event_gaps_total", "Gaps noticed in a stream.", ["consumer", "stream"])
dead_lettered = Counter(
    "stepwell_dead_letters_total",
    "Records that became dead letters, by reason.",
    ["consumer", "reason"],
)
set_aside = Counter(
    "stepwell_events_set_aside_total",
    "Events that the broker did not take and that stop their key, by reason.",
    ["service", "reason"],
)
set_aside_held = Gauge(
    "stepwell_set_aside_pending",
    "Events that wait for an operator, with those of their key behind them; not a number without a "
    "database.",
    ["service"],
)
partitions_apart = Gauge(
    "stepwell_partitions_apart",
    "Partitions that wait, as another member has the same clients on other streams.",
    ["consumer"],
)
outbox_pending = Gauge(
    "stepwell_outbox_pending",
    "Events committed and not yet acknowledged by the broker; not a number without a database.",
    ["service"],
)
dead_letters_open = Gauge(
    "stepwell_dead_letters_open",
    "Dead letters neither applied nor skipped since; not a number without a database.",
    ["service"],
)
