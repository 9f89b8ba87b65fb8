"""Keeping the episodes."""

from datetime import datetime

from services.outcomes.engagement.commands import lock_clients
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.database import Transaction, insert

BEGUN = {"enrolment_id", "client_id", "site_id", "level_of_care", "enrolled_at"}
BEGUN |= {"dual_diagnosis", "gender_group", "age_band"}
END = "UPDATE episodes SET ended_at = $2 WHERE enrolment_id = $1 AND ended_at IS NULL"
SAY_HOW = """
UPDATE episodes SET ended_as = $2, end_reason = coalesce($3, end_reason) WHERE enrolment_id = $1
"""


async def begin_episode(tx: Transaction, enrolled: ClientEnrolled) -> None:
    """A client entered the program."""
    await tx.execute(*insert("episodes", enrolled.model_dump(include=BEGUN)))


async def end_episode(
    tx: Transaction, end: ClientSteppedDown | EpisodeStateChanged, at: datetime
) -> None:
    """A client left the program; told twice, the first time counts.

    Nothing is recommended meanwhile that would outlive the stay.
    """
    await lock_clients(tx, [end])
    await tx.execute(END, end.enrolment_id, at)
    ended_as, reason = "stepped_down", None
    if isinstance(end, EpisodeStateChanged):
        ended_as, reason = end.to_state, end.reason
    await tx.execute(SAY_HOW, end.enrolment_id, ended_as, reason)
