"""Keeping the episodes."""

from collections.abc import Sequence
from datetime import datetime

from services.outcomes.engagement.commands import lock_clients
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.database import Columns, Transaction

BEGUN = Columns.of(
    enrolment_id="uuid",
    client_id="uuid",
    site_id="uuid",
    level_of_care="text",
    enrolled_at="timestamptz",
    dual_diagnosis="boolean",
    gender_group="text",
    age_band="text",
)
BEGIN = f"INSERT INTO episodes ({BEGUN.names}) SELECT * FROM {BEGUN.rows}"  # noqa: S608 - ours
END = "UPDATE episodes SET ended_at = $2 WHERE enrolment_id = $1 AND ended_at IS NULL"
SAY_HOW = """
UPDATE episodes SET ended_as = $2, end_reason = coalesce($3, end_reason) WHERE enrolment_id = $1
"""


async def begin_episodes(tx: Transaction, enrolled: Sequence[ClientEnrolled]) -> None:
    """Clients entered the program."""
    await tx.execute(BEGIN, *BEGUN.arrays(enrolled))


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
