"""Whom a site tells, and the alerts that were sent."""

from collections.abc import Iterable
from uuid import UUID

import asyncpg
import orjson

from services.notifications.escalations.rules import Contacts
from services.notifications.escalations.schemas import (
    EscalationContacts,
    EscalationStep,
    StaffAlert,
)
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

CONTACTS = """
SELECT site_id, on_duty, steps, version, changed_at FROM escalation_contacts
WHERE site_id = ANY ($1::uuid[])
"""
ALERTS = """
SELECT id, client_id, site_id, flag_id, step, state, failure, attempts, planned_at, ended_at,
  CASE WHEN ended_at IS NULL THEN next_at END AS next_attempt_at
FROM notifications
WHERE kind = 'staff_alert' AND site_id = $1 AND id > $2 AND ($3::uuid IS NULL OR flag_id = $3)
  AND ($4 OR failure IS NOT NULL)
ORDER BY id LIMIT $5
"""


async def show_contacts(
    tx: Transaction, site_id: UUID, *, lock: bool = False
) -> EscalationContacts:
    """Whom a site tells; version 0 when it named nobody yet.

    Raises:
        NotFound: not one of the caller's sites.
    """
    if not tx.may_see(site_id):
        raise NotFound("There is no such site among yours.")
    row = await tx.fetchrow(f"{CONTACTS} FOR UPDATE" if lock else CONTACTS, [site_id])
    if row is None:
        return EscalationContacts(site_id=site_id, on_duty=[], steps=[], changed_at=None, version=0)
    steps = [EscalationStep(addresses=step) for step in _steps(row)]
    return EscalationContacts(**{**row, "steps": steps})


async def contacts_of_sites(tx: Transaction, site_ids: Iterable[UUID]) -> dict[UUID, Contacts]:
    """Whom sites tell; those that named nobody are left out."""
    rows = await tx.fetch(CONTACTS, list(set(site_ids)))
    return {row["site_id"]: Contacts(row["on_duty"], _steps(row)) for row in rows}


async def list_alerts(
    tx: Transaction, site_id: UUID, paging: Paging, *, flag_id: UUID | None, failed_only: bool
) -> Page[StaffAlert]:
    """Alerts of a site, oldest first.

    Raises:
        NotFound: not one of the caller's sites.
    """
    if not tx.may_see(site_id):
        raise NotFound("There is no such site among yours.")
    rows = await tx.fetch(ALERTS, site_id, paging.after, flag_id, not failed_only, paging.limit + 1)
    return page_of([StaffAlert(**dict(row)) for row in rows], paging.limit)


def _steps(row: asyncpg.Record) -> list[list[str]]:
    steps: list[list[str]] = orjson.loads(row["steps"])
    return steps
