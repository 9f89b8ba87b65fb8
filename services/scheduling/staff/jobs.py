"""The job that tells of credentials which expire soon."""

from services.scheduling.staff.expiring import NEXT_DUE, tell_expiring
from shared.jobs import Job

credentials_job = Job.of("credentials", NEXT_DUE, tell_expiring)
