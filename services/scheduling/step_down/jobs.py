"""The jobs that move clients on when a week or a phase is over."""

from datetime import datetime

from services.scheduling.step_down.commands import advance, carry_out, phases_over
from services.scheduling.step_down.policy import advancing
from shared.database import Transaction
from shared.jobs import Job

NEXT = "SELECT min(due_at) FROM step_downs"

step_down_job = Job.of("step-downs", NEXT, carry_out)
"""Due when the next client who stepped down goes on or leaves."""


async def next_phase_over(tx: Transaction) -> datetime | None:
    """When the next phase is over, where phases go on by themselves."""
    return min((at for at, _ in await phases_over(tx)), default=None) if advancing() else None


phases_job = Job.of("phases", next_phase_over, advance)
"""Due when the next phase is over."""
