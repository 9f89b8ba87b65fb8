"""Sessions to come: made week by week, looked at again when there are newer zone rules, and not
held where a site is closed."""

from services.scheduling.sessions.cancelling import NEXT_ENTERED, close_next_day
from services.scheduling.sessions.changing import follow_zone_rules, next_due
from services.scheduling.sessions.commands import NEXT_DUE, materialize_next
from shared.jobs import Job

zone_rules_job = Job.of("zone-rules", next_due, follow_zone_rules)
closing_job = Job.of("site-closures", NEXT_ENTERED, close_next_day)
materializing_job = Job.of("materializing", NEXT_DUE, materialize_next)
