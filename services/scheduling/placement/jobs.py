"""The job that ends the keeping of seats which nobody confirmed in time."""

from services.scheduling.placement.confirming import NEXT_DUE, drop_proposals
from shared.jobs import Job

proposals_job = Job.of("placement-proposals", NEXT_DUE, drop_proposals)
