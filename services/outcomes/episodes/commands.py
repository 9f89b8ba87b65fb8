"""Keeping the episodes."""

from shared.contracts.intake import ClientEnrolled, ClientSteppedDown
from shared.database import Transaction

BEGIN = """
INSERT INTO episodes (enrolment_id, client_id, site_id, level_of_care, enrolled_at)
VALUES ($1, $2, $3, $4, $5)
"""
END = "UPDATE episodes SET ended_at = $2 WHERE enrolment_id = $1"


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


async def end_episode(tx: Transaction, stepped_down: ClientSteppedDown) -> None:
    """A client left the program for a less intensive level."""
    await tx.execute(END, stepped_down.enrolment_id, stepped_down.stepped_down_at)
