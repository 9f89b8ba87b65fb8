"""Raising and clearing alarms, in the transaction that moves units or looks at dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.intake.authorizations.policy import alarm_policy
from services.intake.authorizations.rules.alarms import (
    Cause,
    grant_causes,
    look_again,
)
from shared.calendar import day_at
from shared.contracts.intake import AuthorizationRunningOut
from shared.database import Columns, Transaction
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.outbox import publish

ALARMS = Columns.of(id="uuid", client_id="uuid", site_id="uuid", about="uuid", cause="text")
RAISE = f"""
INSERT INTO coverage_alarms AS a ({ALARMS.names}, raised_at)
SELECT given.*, {ALARMS.next} FROM {ALARMS.rows}
ON CONFLICT (about, cause) DO UPDATE SET cleared_at = NULL WHERE a.cleared_at IS NOT NULL
RETURNING a.about, a.cause, a.xmax = 0 AS first
"""  # noqa: S608 - constants only
"""An alarm that comes back is the former one: it is told once."""
CLEAR = """
UPDATE coverage_alarms a SET cleared_at = $4
WHERE a.about = ANY($1) AND a.cleared_at IS NULL AND NOT EXISTS (
  SELECT FROM unnest($2::uuid[], $3::text[]) AS k(about, cause)
  WHERE k.about = a.about AND k.cause = a.cause
)
"""

FORGET = "DELETE FROM coverage_alarms WHERE about = $1 AND cleared_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Found:
    """What holds now of an authorization or a certification."""

    about: UUID
    client_id: UUID
    site_id: UUID
    causes: frozenset[Cause]
    units_left: int | None
    """None for a certification, which no event tells of."""
    last: date


def of_grant(now: datetime, grant: Mapping[str, Any]) -> tuple[Found, datetime | None]:
    """What holds of an authorization now, and when its date is to be looked at again; `grant` is
    its row, with the zone of its site."""
    policy, today = alarm_policy(), day_at(now, grant["time_zone"])
    granted, last = grant["units_granted"], grant["valid_until"]
    left = granted - grant["units_used"]
    causes = grant_causes(policy, granted=granted, left=left, last=last, today=today)
    about = (grant["id"], grant["client_id"], grant["site_id"])
    found = Found(*about, frozenset[Cause](causes), left, last)
    return found, look_again(policy, last, today, grant["time_zone"])


async def note_alarms(
    tx: Transaction,
    found: Sequence[Found],
    caused_by: Mapping[UUID, Received[Any]] | None = None,
) -> None:
    """Raise what holds and was not raised, clear what no longer holds; what is raised for the
    first time of an authorization is told by AuthorizationRunningOut."""
    known = {one.about: one for one in found}
    standing = ALARMS.arrays(
        {
            "id": new_id(),
            "client_id": one.client_id,
            "site_id": one.site_id,
            "about": one.about,
            "cause": cause,
        }
        for one in found
        for cause in sorted(one.causes)
    )
    if standing[0]:
        for row in await tx.fetch(RAISE, *standing, tx.now):
            if row["first"]:
                _tell(tx, known[row["about"]], row["cause"], caused_by or {})
    await tx.execute(CLEAR, list(known), *standing[3:], tx.now)


async def forget_cleared(tx: Transaction, about: UUID) -> None:
    """Let it be told again when what was extended comes to its end anew."""
    await tx.execute(FORGET, about)


def _tell(
    tx: Transaction, found: Found, cause: Any, caused_by: Mapping[UUID, Received[Any]]
) -> None:
    if found.units_left is None:
        return
    publish(
        tx,
        AuthorizationRunningOut(
            client_id=found.client_id,
            site_id=found.site_id,
            authorization_id=found.about,
            cause=cause,
            units_left=found.units_left,
            expires_on=found.last,
            noticed_at=tx.now,
        ),
        cause=caused_by.get(found.client_id),
    )
