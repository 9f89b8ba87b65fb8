"""The job that tells of certifications that have to be renewed."""

from services.scheduling.units.commands import tell_recertifications
from shared.jobs import Job

NEXT_DUE = "SELECT min(look_at) FROM recertifications WHERE look_at IS NOT NULL"

recertification_job = Job.of("recertifications", NEXT_DUE, tell_recertifications)
"""Due when the next certification comes near."""
