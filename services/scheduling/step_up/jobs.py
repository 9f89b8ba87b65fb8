"""The job that releases partners' seats whose time is over."""

from services.scheduling.step_up.commands import let_go
from shared.jobs import Job

NEXT = "SELECT min(expires_at) FROM partner_holds WHERE released_at IS NULL"

partner_seats_job = Job.of("partner-seats", NEXT, let_go)
