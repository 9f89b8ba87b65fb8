"""What is known of clients, over all records of each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import orjson

from services.scheduling.preferences.rules import DAY, Client
from shared.database import Record, Transaction, at_all_sites
from shared.weekly import Window, minute_of

KNOWN = """
SELECT asked.client_id AS asked_for, p.*, ARRAY(
  SELECT DISTINCT other FROM unnest(platform.records_of(asked.client_id)) AS mine
  JOIN no_contacts x ON mine IN (x.client_id, x.other_client_id)
  CROSS JOIN LATERAL unnest(platform.records_of(
    CASE mine WHEN x.client_id THEN x.other_client_id ELSE x.client_id END)) AS other
) AS apart_from
FROM unnest($1::uuid[]) AS asked(client_id)
CROSS JOIN LATERAL unnest(platform.records_of(asked.client_id)) AS own(record)
LEFT JOIN preferences p ON p.client_id = own.record
"""
FAMILIAR = """
WITH own AS MATERIALIZED (
  SELECT asked.client_id, unnest(platform.records_of(asked.client_id)) AS record
  FROM unnest($1::uuid[]) AS asked(client_id)
)
SELECT own.client_id, array_agg(DISTINCT ahead.cohort_id) AS familiar FROM own
JOIN appointments a ON a.client_id = own.record AND a.state = 'scheduled'
JOIN bookings had ON had.session_id = a.session_id AND had.kind = 'facilitator'
  AND lower(had.during) <= $2
JOIN bookings has ON has.resource_id = had.resource_id AND has.kind = 'facilitator'
  AND has.during && tstzrange($2, NULL)
JOIN sessions ahead ON ahead.id = has.session_id AND ahead.starts_at > $2
  AND ahead.cohort_id IS NOT NULL
GROUP BY own.client_id
"""
"""A statement of its own: planned together with the other it would be planned each time."""
LAST_TOLD = {
    "stated_at": "time_zone available telehealth needs_transport language wished_group",
    "needs_at": "needs",
    "referred_at": "court_referred",
    "enrolled_at": "age_band level_of_care",
}
"""What of several records of a person is that of the one where it was told last."""


async def known_clients(
    tx: Transaction, client_ids: Sequence[UUID], *, familiar: bool = True
) -> dict[UUID, Client]:
    """What is known of these clients, at whatever site it was entered: who must not meet is kept
    apart wherever either goes. Without `familiar` it is not asked whom they had."""
    records: dict[UUID, list[Record]] = {client_id: [] for client_id in client_ids}
    async with at_all_sites(tx):
        for row in await tx.fetch(KNOWN, list(records)):
            records[row["asked_for"]].append(row)
        had = await tx.fetch(FAMILIAR, list(records), tx.now) if familiar else ()
    cohorts = {row["client_id"]: row["familiar"] for row in had}
    return {one: _client(rows, cohorts.get(one, ())) for one, rows in records.items()}


def _client(records: Sequence[Record], familiar: Iterable[UUID]) -> Client:
    known: dict[str, Any] = {}
    for at, names in LAST_TOLD.items():
        if told := [one for one in records if one[at] is not None]:
            last = max(told, key=lambda one: (one[at], one["client_id"]))
            known |= {name: last[name] for name in names.split()}
    return Client(
        zone=known.pop("time_zone", None),
        windows=tuple(_windows(known.pop("available", None))),
        needs=frozenset(orjson.loads(known.pop("needs", None) or "[]")),
        court_referred=bool(known.pop("court_referred", False)),
        apart_from=frozenset(records[0]["apart_from"]),
        familiar=frozenset(familiar),
        **known,
    )


def _windows(stored: str | None) -> Iterator[Window]:
    """When a client can come; 00:00 ends the day."""
    for one in orjson.loads(stored or '{"available": []}')["available"]:
        starts, ends = minute_of(one["starts_at"][:5]), minute_of(one["ends_at"][:5])
        yield Window(one["weekday"], starts, ends or DAY)
