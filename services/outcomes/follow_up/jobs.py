"""The job that tells which surveys are due, and gives up those that nobody answered."""

from services.outcomes.follow_up.commands import tell_due
from shared.jobs import Job

NEXT = """
SELECT least(
  (SELECT min(due_at) FROM follow_ups WHERE state = 'planned'),
  (SELECT min(closes_at) FROM follow_ups WHERE state = 'due')
)
"""

follow_ups_job = Job.of("follow-ups", NEXT, tell_due)
"""Due when the day of the next survey begins at its site, or its last day is over."""
