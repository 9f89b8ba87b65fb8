"""Keeping what intake tells of clients: the last word of each event on each record."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.database import Columns, Transaction

STATED = Columns.of(
    client_id="uuid",
    site_id="uuid",
    time_zone="text",
    available="jsonb",
    telehealth="boolean",
    needs_transport="boolean",
    language="text",
    wished_group="text",
    stated_at="timestamptz",
)
REFERRED = Columns.of(
    client_id="uuid", site_id="uuid", court_referred="boolean", referred_at="timestamptz"
)
NEEDED = Columns.of(client_id="uuid", site_id="uuid", needs="jsonb", needs_at="timestamptz")
ENROLLED = Columns.of(
    client_id="uuid",
    site_id="uuid",
    enrolment_id="uuid",
    level_of_care="text",
    dual_diagnosis="boolean",
    gender_group="text",
    age_band="text",
    priority="jsonb",
    enrolled_at="timestamptz",
    needs="jsonb",
    needs_at="timestamptz",
)


async def keep(tx: Transaction, columns: Columns, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write these columns of each client; a later row for one takes the place of an earlier."""
    last = {row["client_id"]: row for row in rows}
    await tx.execute(
        f"INSERT INTO preferences ({columns.names}) SELECT * FROM {columns.rows} "  # noqa: S608 - the columns are above
        f"ON CONFLICT (client_id) DO UPDATE SET {columns.updates('client_id')}",
        *columns.arrays(last.values()),
    )
