"""Stating when and how a client can take part."""

from collections.abc import Iterable
from uuid import UUID

from services.intake.directory.queries import today_at
from services.intake.preferences.checks import check
from services.intake.preferences.queries import shown
from services.intake.preferences.rules import time_of
from services.intake.preferences.schemas import Preferences, StatedPreferences, WeeklyTime
from services.intake.referrals.queries import show_client
from shared.contracts.intake import AvailableTime, PreferencesChanged
from shared.database import Transaction
from shared.errors import require_version
from shared.messaging.outbox import publish

VERSION = """
SELECT sum(version)::integer FROM preferences WHERE client_id = ANY (platform.records_of($1))
"""
STATE = """
INSERT INTO preferences (client_id, site_id, details, changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (client_id) DO UPDATE SET details = excluded.details, changed_by = excluded.changed_by,
  changed_at = excluded.changed_at, version = preferences.version + 1
"""


async def change_preferences(
    tx: Transaction, client_id: UUID, expected: int, stated: StatedPreferences, *, changed_by: str
) -> Preferences:
    """Replace what a client stated; publishes PreferencesChanged, without reasons and court facts.

    What was never stated has version 0. Who states at the same time waits, so that one of two first
    statements is told that the other came before.

    Raises:
        NotFound: no such client.
        StaleVersion: somebody changed it meanwhile.
        SlotEndsBeforeStart, SlotsOverlap, UnknownPreference, CourtDatePassed: with a pointer.
    """
    client = await show_client(tx, client_id, lock=True)
    require_version(await tx.fetchval(VERSION, client_id) or 0, expected)
    check(stated, await today_at(tx, client.site_id))
    await tx.execute(STATE, client_id, client.site_id, stated.model_dump_json(), changed_by, tx.now)
    preferences = shown(dict(client), stated, tx.now, expected + 1)
    publish(
        tx,
        PreferencesChanged(
            client_id=client_id,
            site_id=client.site_id,
            time_zone=stated.time_zone,
            available=weekly(stated.available),
            telehealth=preferences.telehealth_able,
            needs_transport=preferences.needs_transport,
            needs_child_care=stated.children.child_care_needed,
            language=stated.language,
            gender_group=preferences.gender_group,
            changed_at=tx.now,
        ),
    )
    return preferences


def weekly(times: Iterable[WeeklyTime]) -> list[AvailableTime]:
    """Times of each week as events tell them, in order."""
    return [
        AvailableTime(
            weekday=slot.weekday,
            starts_at=time_of(slot.starts_minute),
            ends_at=time_of(slot.ends_minute),
        )
        for slot in sorted(one.slot for one in times)
    ]
