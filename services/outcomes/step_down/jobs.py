"""The jobs that look again at what was deferred, and that compare policies."""

from services.outcomes.step_down.commands import ask_again
from services.outcomes.step_down.replays import go_on
from shared.jobs import Job

NEXT = "SELECT min(again_at) FROM recommendations WHERE state = 'deferred'"
RUNNING = "SELECT min(requested_at) FROM policy_replays WHERE state = 'running'"

deferred_job = Job.of("deferred recommendations", NEXT, ask_again)
"""Due on the day that a clinician named, at the midnight of the site."""

replay_job = Job.of("policy replays", RUNNING, go_on)
"""Due while a comparison of two policies is running."""
