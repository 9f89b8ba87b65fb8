"""The job that looks at the measures of stays, at their next day and after any fact about them."""

from services.outcomes.measures.commands import refresh_due
from shared.jobs import Job

NEXT = "SELECT min(measures_next_at) FROM episodes"

measures_job = Job.of("measures", NEXT, refresh_due)
"""Due when a measure becomes due or overdue, at the midnight of its site, and when something was
told about a stay."""
