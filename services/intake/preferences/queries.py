"""Preferences as they are read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.preferences.policy import vocabulary
from services.intake.preferences.rules import gender_group, minutes_available
from services.intake.preferences.schemas import Preferences, StatedPreferences
from shared.database import Transaction
from shared.errors import found

PREFERENCES = """
SELECT c.id, c.site_id, c.gender, p.details, p.changed_at, coalesce(p.version, 0) AS version
FROM clients c LEFT JOIN LATERAL (
  SELECT details, changed_at, (sum(version) OVER ())::integer AS version
  FROM preferences WHERE client_id = ANY (platform.records_of(c.id))
  ORDER BY changed_at DESC, array_position(platform.records_of(c.id), client_id) LIMIT 1
) p ON true WHERE c.id = $1
"""
"""Of what was stated for the records of a person the latest counts, and every change of any."""


async def show_preferences(tx: Transaction, client_id: UUID) -> Preferences:
    """What a client stated; nothing, with version 0, until something was stated.

    Raises:
        NotFound: no such client.
    """
    row = found(await tx.fetchrow(PREFERENCES, client_id), "client")
    stated = (
        None if row["details"] is None else StatedPreferences.model_validate_json(row["details"])
    )
    return shown(row, stated, row["changed_at"], row["version"])


def shown(
    client: Any,
    stated: StatedPreferences | None,
    changed_at: datetime | None,
    version: int,
) -> Preferences:
    """Preferences with what follows from them. A word that the vocabulary knows no more asks for
    nothing."""
    way = None if stated is None else vocabulary().transport.get(stated.transport)
    return Preferences(
        client_id=client["id"],
        site_id=client["site_id"],
        stated=stated,
        available_minutes=minutes_available(one.slot for one in stated.available) if stated else 0,
        telehealth_able=stated is not None and stated.telehealth.is_able,
        needs_transport=way is not None and way.needs_help,
        gender_group=gender_group(stated.cohort_wish, client["gender"]) if stated else None,
        changed_at=changed_at,
        version=version,
    )
