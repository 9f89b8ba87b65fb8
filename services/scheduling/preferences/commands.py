"""Keeping what intake tells of clients: the last word of each event on each record."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.database import Columns, Transaction

STATED = Columns.by_type(
    uuid="client_id site_id",
    text="time_zone language wished_group",
    jsonb="available",
    boolean="telehealth needs_transport",
    timestamptz="stated_at",
)
REFERRED = Columns.by_type(
    uuid="client_id site_id", boolean="court_referred", timestamptz="referred_at"
)
NEEDED = Columns.by_type(uuid="client_id site_id", jsonb="needs", timestamptz="needs_at")
ENROLLED = Columns.by_type(
    uuid="client_id site_id enrolment_id",
    text="level_of_care gender_group age_band",
    boolean="dual_diagnosis",
    jsonb="priority needs",
    timestamptz="enrolled_at needs_at",
)


async def keep(tx: Transaction, columns: Columns, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write these columns of each client; a later row for one takes the place of an earlier."""
    last = {row["client_id"]: row for row in rows}
    await tx.send()  # what waits may be of the same clients
    await tx.write(columns.upsert("preferences", "client_id"), *columns.arrays(last.values()))
