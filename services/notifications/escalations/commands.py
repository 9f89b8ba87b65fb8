"""Naming whom a site tells, and planning alerts to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from services.notifications.escalations.policy import alert_policy
from services.notifications.escalations.queries import contacts_of_sites, show_contacts
from services.notifications.escalations.rules import told_at
from services.notifications.escalations.schemas import EscalationContacts, NewEscalationContacts
from shared.contracts.intake import RiskSeverity
from shared.database import Columns, Transaction, unless_taken
from shared.errors import StaleVersion, require_version
from shared.ids import new_id

ENTER = """
INSERT INTO escalation_contacts (site_id, on_duty, steps, rota, changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
CHANGE = """
UPDATE escalation_contacts SET on_duty = $2, steps = $3, rota = $4, changed_by = $5,
  changed_at = $6, version = version + 1
WHERE site_id = $1
"""


@dataclass(frozen=True, slots=True)
class PlannedAlert:
    """An alert to plan: to whom, and about which step of a flag."""

    site_id: UUID
    client_id: UUID
    flag_id: UUID
    step: int
    severity: str
    address: str | None = field(repr=False)
    due_at: datetime
    expires_at: datetime
    traceparent: str | None
    id: UUID = field(default_factory=new_id)


PLANNED = Columns.like(PlannedAlert)
PLAN = f"""
INSERT INTO notifications ({PLANNED.names}, kind, state, planned_at, next_at)
SELECT {PLANNED.names}, 'staff_alert', 'planned', {PLANNED.next}, due_at FROM {PLANNED.rows}
ON CONFLICT DO NOTHING
"""  # noqa: S608 - the columns are above


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a risk: that `step` was reached `at` this instant; 0 when raised."""

    client_id: UUID
    site_id: UUID
    flag_id: UUID
    severity: RiskSeverity
    step: int
    at: datetime
    traceparent: str | None


async def replace_contacts(
    tx: Transaction, site_id: UUID, expected: int, new: NewEscalationContacts, *, by: str
) -> EscalationContacts:
    """Name whom a site tells from now on. Alerts on their way go where they were going.

    Raises:
        NotFound: not one of the caller's sites.
        StaleVersion: somebody changed it meanwhile.
    """
    known = await show_contacts(tx, site_id, lock=True)
    require_version(known.version, expected)
    steps = orjson.dumps([step.addresses for step in new.steps]).decode()
    rota = orjson.dumps([shift.model_dump(mode="json") for shift in new.rota]).decode()
    with unless_taken(StaleVersion("Somebody else named contacts just now: read them first.")):
        await tx.execute(
            CHANGE if known.version else ENTER, site_id, new.on_duty, steps, rota, by, tx.now
        )
    return EscalationContacts(
        site_id=site_id,
        on_duty=new.on_duty,
        steps=new.steps,
        rota=new.rota,
        changed_at=tx.now,
        version=known.version + 1,
    )


async def plan_alerts(tx: Transaction, told: Sequence[Told]) -> None:
    """Plan an alert to everybody whom each step tells; at most one a step, severity and address.

    Where nobody is named one without an address is planned, which fails where all can see it.
    An alert expires by when intake took the step, so that steps of long ago, heard of late, wake
    nobody.
    """
    contacts = await contacts_of_sites(tx, (one.site_id for one in told))
    planned = [
        PlannedAlert(
            site_id=one.site_id,
            client_id=one.client_id,
            flag_id=one.flag_id,
            step=one.step,
            severity=one.severity,
            address=address,
            due_at=tx.now,
            expires_at=one.at + alert_policy(one.site_id).give_up_after,
            traceparent=one.traceparent,
        )
        for one in told
        for address in told_at(contacts[one.site_id], one.step, tx.now)
    ]
    await enter_alerts(tx, planned)


async def enter_alerts(tx: Transaction, planned: Sequence[PlannedAlert]) -> None:
    """Plan alerts; one that is planned already, or went out, stays as it is."""
    if planned:
        await tx.execute(PLAN, *PLANNED.arrays(planned), tx.now)
        tx.wake()
