"""The job that looks again at what was deferred."""

from services.outcomes.step_down.commands import ask_again
from shared.jobs import Job

NEXT = "SELECT min(again_at) FROM recommendations WHERE state = 'deferred'"

deferred_job = Job.of("deferred recommendations", NEXT, ask_again)
"""Due on the day that a clinician named, at the midnight of the site."""
