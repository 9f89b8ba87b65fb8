"""The job that forecasts and settles weeks."""

from services.scheduling.hours.commands import look_at_weeks
from shared.jobs import Job

NEXT_DUE = """
SELECT CASE WHEN EXISTS (SELECT FROM changed_weeks) THEN 'epoch'::timestamptz
  ELSE (SELECT min(look_at) FROM program_weeks WHERE look_at IS NOT NULL) END
"""

weeks_job = Job.of("program-weeks", NEXT_DUE, look_at_weeks)
"""Due at once where something changed, else when the next week is to be forecast or settled."""
