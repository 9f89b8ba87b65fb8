"""The job that tells once of the cohorts that were there before their seats were told."""

from services.scheduling.cohorts.commands import tell_untold
from shared.jobs import Job

NEXT_DUE = "SELECT 'epoch'::timestamptz WHERE EXISTS (SELECT FROM cohorts WHERE NOT told)"

untold_cohorts_job = Job.of("untold-cohorts", NEXT_DUE, tell_untold)
