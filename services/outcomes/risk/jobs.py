"""The job that escalates risks that nobody took charge of."""

from services.outcomes.risk.commands import escalate_due
from shared.jobs import Job

NEXT = "SELECT min(next_step_at) FROM risks WHERE next_step_at IS NOT NULL"

course_risk_job = Job.of("escalate course risks", NEXT, escalate_due)
"""Due when the next open risk escalates."""
