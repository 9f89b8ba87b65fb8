"""Keeping the episodes."""

from datetime import datetime

from services.outcomes.engagement.commands import hold_clients
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.database import Transaction

BEGIN = """
INSERT INTO episodes (enrolment_id, client_id, site_id, level_of_care, enrolled_at)
VALUES ($1, $2, $3, $4, $5)
"""
END = "UPDATE episodes SET ended_at = $2 WHERE enrolment_id = $1 AND ended_at IS NULL"


async def begin_episode(tx: Transaction, enrolled: ClientEnrolled) -> None:
    """A client entered the program."""
    await tx.execute(
        BEGIN,
        enrolled.enrolment_id,
        enrolled.client_id,
        enrolled.site_id,
        enrolled.level_of_care,
        enrolled.enrolled_at,
    )


async def end_episode(
    tx: Transaction, end: ClientSteppedDown | EpisodeStateChanged, at: datetime
) -> None:
    """A client left the program; told twice, the first time counts.

    Nothing is recommended meanwhile that would outlive the stay.
    """
    await hold_clients(tx, [end])
    await tx.execute(END, end.enrolment_id, at)
