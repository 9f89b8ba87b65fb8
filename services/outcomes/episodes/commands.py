"""Keeping the episodes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.outcomes.engagement.commands import lock_clients
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.database import Columns, Transaction

BEGUN = Columns.by_type(
    uuid="enrolment_id client_id site_id",
    text="level_of_care gender_group age_band",
    timestamptz="enrolled_at",
    boolean="dual_diagnosis",
)
BEGIN = BEGUN.insert("episodes")
ENDED = Columns.of(enrolment_id="uuid", ended_at="timestamptz", ended_as="text", end_reason="text")
END = f"""
UPDATE episodes e SET ended_at = coalesce(e.ended_at, given.ended_at), ended_as = given.ended_as,
  end_reason = coalesce(given.end_reason, e.end_reason)
FROM {ENDED.rows} WHERE e.enrolment_id = given.enrolment_id
"""  # noqa: S608 - the columns are above


async def begin_episodes(tx: Transaction, enrolled: Sequence[ClientEnrolled]) -> None:
    """Clients entered the program."""
    await tx.execute(BEGIN, *BEGUN.arrays(enrolled))


async def end_episodes(
    tx: Transaction, ends: Sequence[ClientSteppedDown] | Sequence[EpisodeStateChanged]
) -> None:
    """Clients left the program; of one told twice the first time counts.

    Nothing is recommended meanwhile that would outlive the stay.
    """
    if not ends:
        return
    await lock_clients(tx, ends)
    rows: dict[UUID, dict[str, Any]] = {}
    for end in ends:
        known = rows.get(end.enrolment_id, {"end_reason": None})
        row = {"enrolment_id": end.enrolment_id, "end_reason": known["end_reason"]}
        if isinstance(end, EpisodeStateChanged):
            row |= {"ended_at": end.changed_at, "ended_as": end.to_state}
            row["end_reason"] = end.reason or known["end_reason"]
        else:
            row |= {"ended_at": end.stepped_down_at, "ended_as": "stepped_down"}
        rows[end.enrolment_id] = {**row, "ended_at": known.get("ended_at", row["ended_at"])}
    await tx.execute(END, *ENDED.arrays(rows.values()))
