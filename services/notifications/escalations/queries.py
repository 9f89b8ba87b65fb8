"""Whom a site tells, and the alerts that were sent."""

from collections.abc import Iterable
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from pydantic import TypeAdapter

from services.notifications.escalations.policy import regional_leads
from services.notifications.escalations.rules import Contacts, Shift
from services.notifications.escalations.schemas import (
    EscalationContacts,
    EscalationStep,
    OnCall,
    StaffAlert,
    StaffTask,
)
from shared.database import Transaction, select
from shared.errors import NotFound, found
from shared.web import Page, Paging, page_of

NAMED = select(EscalationContacts, "escalation_contacts") + " WHERE site_id = $1"
CONTACTS = """
SELECT w.site_id, c.on_duty, c.steps, c.rota, s.time_zone, s.region_id
FROM unnest($1::uuid[]) AS w (site_id)
LEFT JOIN escalation_contacts c USING (site_id) LEFT JOIN sites s USING (site_id)
"""
ROTA = TypeAdapter(list[OnCall])
TASKS = select(StaffTask, "staff_tasks")
OPEN_TASKS = f"""
{TASKS} WHERE site_id = $1 AND id > $2 AND state = 'open' AND opens_at <= $3 ORDER BY id LIMIT $4
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
    row = await tx.fetchrow(f"{NAMED} FOR UPDATE" if lock else NAMED, site_id)
    if row is None:
        return EscalationContacts(
            site_id=site_id, on_duty=[], steps=[], rota=[], changed_at=None, version=0
        )
    steps = [EscalationStep(addresses=step) for step in orjson.loads(row["steps"])]
    rota = ROTA.validate_json(row["rota"])
    return EscalationContacts(**{**row, "steps": steps, "rota": rota})


async def contacts_of_sites(tx: Transaction, site_ids: Iterable[UUID]) -> dict[UUID, Contacts]:
    """Whom sites tell, those too that named nobody."""
    leads = regional_leads()
    return {
        row["site_id"]: Contacts(
            row["on_duty"] or (),
            orjson.loads(row["steps"] or "[]"),
            [Shift(**dict(shift)) for shift in ROTA.validate_json(row["rota"] or "[]")],
            ZoneInfo(row["time_zone"] or "UTC"),
            leads.of(row["region_id"]),
        )
        for row in await tx.fetch(CONTACTS, list(set(site_ids)))
    }


async def show_task(tx: Transaction, task_id: UUID, *, lock: bool = False) -> StaffTask:
    """One task.

    Raises:
        NotFound: there is none with this id at the sites of the transaction.
    """
    suffix = "FOR UPDATE" if lock else ""
    row = found(await tx.fetchrow(f"{TASKS} WHERE id = $1 {suffix}", task_id), "staff task")
    return StaffTask(**dict(row))


async def list_tasks(tx: Transaction, site_id: UUID, paging: Paging) -> Page[StaffTask]:
    """What has to be done at a site by now, oldest first.

    Raises:
        NotFound: not one of the caller's sites.
    """
    if not tx.may_see(site_id):
        raise NotFound("There is no such site among yours.")
    rows = await tx.fetch(OPEN_TASKS, site_id, paging.after, tx.now, paging.limit + 1)
    return page_of([StaffTask(**dict(row)) for row in rows], paging.limit)


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
