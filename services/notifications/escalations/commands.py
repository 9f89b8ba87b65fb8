"""Naming whom a site tells, planning alerts, and withdrawing those that are not needed any more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.notifications.escalations import metrics
from services.notifications.escalations.policy import alert_policy
from services.notifications.escalations.queries import contacts_of_sites, show_contacts
from services.notifications.escalations.rules import told_at
from services.notifications.escalations.schemas import EscalationContacts, NewEscalationContacts
from shared.contracts.intake import RiskFlagEscalated, RiskFlagRaised
from shared.contracts.notifications import StaffAlertFailed
from shared.database import Transaction
from shared.errors import StaleVersion, require_version
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.outbox import publish

ENTER = """
INSERT INTO escalation_contacts (site_id, on_duty, steps, changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5)
"""
CHANGE = """
UPDATE escalation_contacts SET on_duty = $2, steps = $3, changed_by = $4, changed_at = $5,
  version = version + 1
WHERE site_id = $1
"""
PLAN = """
INSERT INTO staff_alerts (id, site_id, client_id, flag_id, step, severity, address, state,
  planned_at, next_at, expires_at, traceparent, failure, ended_at)
SELECT id, site_id, client_id, flag_id, step, severity, address,
  CASE WHEN address IS NULL THEN 'failed' ELSE 'planned' END, $1::timestamptz, $1::timestamptz,
  expires_at, traceparent, CASE WHEN address IS NULL THEN 'no_contacts' END,
  CASE WHEN address IS NULL THEN $1::timestamptz END
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[], $7::text[], $8::text[],
  $9::timestamptz[], $10::text[])
  AS p(id, site_id, client_id, flag_id, step, severity, address, expires_at, traceparent)
ON CONFLICT DO NOTHING
RETURNING id, failure
"""
WITHDRAW = """
WITH unwanted AS (
  SELECT id FROM staff_alerts WHERE flag_id = ANY ($2::uuid[]) AND state IN ('planned', 'sending')
), cancelled AS (
  UPDATE staff_alerts a SET state = 'cancelled', ended_at = $1
  FROM unwanted WHERE a.id = unwanted.id AND a.state = 'planned'
  RETURNING a.id
)
INSERT INTO withdrawals (notification_id, withdrawn_at)
SELECT id, $1 FROM unwanted WHERE id NOT IN (SELECT id FROM cancelled)
ON CONFLICT DO NOTHING
"""
"""Rows that are `sending` belong to their sender, who may hold them for long: they are not waited
for, and end as cancelled unless the mail server has taken charge of them."""


@dataclass(frozen=True, slots=True)
class Told:
    """What intake told of a flag: that `step` was reached `at` this instant; 0 when raised."""

    flag: RiskFlagRaised | RiskFlagEscalated
    step: int
    at: datetime
    cause: Received[Any]


async def replace_contacts(
    tx: Transaction, site_id: UUID, expected: int, new: NewEscalationContacts, *, by: str
) -> EscalationContacts:
    """Name whom a site tells from now on. Alerts on their way go where they were going.

    Raises:
        NotFound: not one of the caller's sites.
        StaleVersion: somebody changed it meanwhile.
    """
    known = await show_contacts(tx, site_id, hold=True)
    require_version(known.version, expected)
    steps = orjson.dumps([step.addresses for step in new.steps]).decode()
    try:
        await tx.execute(
            CHANGE if known.version else ENTER, site_id, new.on_duty, steps, by, tx.now
        )
    except asyncpg.UniqueViolationError:
        raise StaleVersion("Somebody else named contacts just now: read them first.") from None
    return EscalationContacts(
        site_id=site_id,
        on_duty=new.on_duty,
        steps=new.steps,
        changed_at=tx.now,
        version=known.version + 1,
    )


async def plan_alerts(tx: Transaction, told: Sequence[Told]) -> None:
    """Plan an alert to everybody whom each step tells; at most one a step, severity and address.

    A site that named nobody is told of by StaffAlertFailed. An alert expires by when intake took
    the step, so that steps of long ago, heard of late, wake nobody.
    """
    contacts = await contacts_of_sites(tx, (one.flag.site_id for one in told))
    planned = [
        (new_id(), one, address)
        for one in told
        for address in told_at(contacts.get(one.flag.site_id), one.step)
    ]
    if not planned:
        return
    give_up_after = alert_policy().give_up_after
    rows = await tx.fetch(
        PLAN,
        tx.now,
        [alert_id for alert_id, _, _ in planned],
        [one.flag.site_id for _, one, _ in planned],
        [one.flag.client_id for _, one, _ in planned],
        [one.flag.flag_id for _, one, _ in planned],
        [one.step for _, one, _ in planned],
        [one.flag.severity for _, one, _ in planned],
        [address for _, _, address in planned],
        [one.at + give_up_after for _, one, _ in planned],
        [one.cause.traceparent for _, one, _ in planned],
    )
    failed = {row["id"] for row in rows if row["failure"] is not None}
    for alert_id, one, _ in planned:
        if alert_id in failed:
            metrics.alerts.labels("no_contacts").inc()
            publish(
                tx,
                StaffAlertFailed(
                    client_id=one.flag.client_id,
                    site_id=one.flag.site_id,
                    alert_id=alert_id,
                    flag_id=one.flag.flag_id,
                    step=one.step,
                    reason="no_contacts",
                    failed_at=tx.now,
                ),
                cause=one.cause,
            )
    tx.wake()


async def withdraw_alerts(tx: Transaction, flag_ids: Iterable[UUID]) -> None:
    """A clinician took charge: what was not sent yet is not sent any more."""
    await tx.execute(WITHDRAW, tx.now, list(set(flag_ids)))
