"""The job that deletes what was said once its time is over."""

from services.notifications.timeline.queries import NEXT_FORGOTTEN, forget_texts
from shared.jobs import Job

forget_job = Job.of("forget texts", NEXT_FORGOTTEN, forget_texts)
