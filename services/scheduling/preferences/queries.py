"""What is known of clients, over all records of each."""

from collections.abc import Sequence
from datetime import time
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.scheduling.preferences.rules import DAY, Client, Window
from shared.database import Transaction
from shared.database.transaction import at_all_sites

KNOWN = """
SELECT asked.client_id, s.time_zone AS zone, s.available, s.telehealth, s.needs_transport,
  s.language, s.wished_group, n.needs, coalesce(r.court_referred, false) AS court_referred,
  e.age_band, e.level_of_care,
  ARRAY(
    SELECT DISTINCT unnest(platform.records_of(
      CASE WHEN x.client_id = ANY (person.records) THEN x.other_client_id ELSE x.client_id END))
    FROM no_contacts x
    WHERE x.client_id = ANY (person.records) OR x.other_client_id = ANY (person.records)
  ) AS apart_from,
  ARRAY(
    SELECT DISTINCT ahead.cohort_id FROM appointments a
    JOIN bookings had ON had.session_id = a.session_id AND had.kind = 'facilitator'
    JOIN bookings has ON has.resource_id = had.resource_id AND has.kind = 'facilitator'
    JOIN sessions ahead ON ahead.id = has.session_id AND ahead.starts_at > $2
    WHERE a.client_id = ANY (person.records) AND a.state = 'scheduled'
      AND lower(had.during) <= $2 AND ahead.cohort_id IS NOT NULL
  ) AS familiar
FROM unnest($1::uuid[]) AS asked(client_id)
CROSS JOIN LATERAL (SELECT platform.records_of(asked.client_id) AS records) AS person
LEFT JOIN LATERAL (
  SELECT * FROM preferences p WHERE p.client_id = ANY (person.records) AND p.stated_at IS NOT NULL
  ORDER BY p.stated_at DESC, p.client_id LIMIT 1
) AS s ON true
LEFT JOIN LATERAL (
  SELECT * FROM preferences p WHERE p.client_id = ANY (person.records) AND p.needs_at IS NOT NULL
  ORDER BY p.needs_at DESC, p.client_id LIMIT 1
) AS n ON true
LEFT JOIN LATERAL (
  SELECT * FROM preferences p WHERE p.client_id = ANY (person.records) AND p.referred_at IS NOT NULL
  ORDER BY p.referred_at DESC, p.client_id LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
  SELECT * FROM preferences p WHERE p.client_id = ANY (person.records) AND p.enrolled_at IS NOT NULL
  ORDER BY p.enrolled_at DESC, p.client_id LIMIT 1
) AS e ON true
"""


async def known_clients(tx: Transaction, client_ids: Sequence[UUID]) -> dict[UUID, Client]:
    """What is known of these clients, at whatever site it was entered: who must not meet is kept
    apart wherever either goes."""
    async with at_all_sites(tx):
        rows = await tx.fetch(KNOWN, list(client_ids), tx.now)
    return {row["client_id"]: _client(row) for row in rows}


def _client(row: asyncpg.Record) -> Client:
    values: dict[str, Any] = dict(row)
    del values["client_id"]
    values["windows"] = _windows(values.pop("available"))
    values["needs"] = frozenset(orjson.loads(values["needs"] or "[]"))
    values["apart_from"] = frozenset(values["apart_from"])
    values["familiar"] = frozenset(values["familiar"])
    return Client(**values)


def _windows(stored: str | None) -> tuple[Window, ...]:
    if stored is None:
        return ()
    return tuple(
        Window(
            (one["weekday"] - 1) * DAY + _minutes(one["starts_at"]),
            (one["weekday"] - 1) * DAY + (_minutes(one["ends_at"]) or DAY),
        )
        for one in orjson.loads(stored)["available"]
    )


def _minutes(text: str) -> int:
    """Minutes since midnight."""
    shown = time.fromisoformat(text)
    return shown.hour * 60 + shown.minute
