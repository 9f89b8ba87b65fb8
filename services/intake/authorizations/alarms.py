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
from services.intake.directory.rules import day_at
from shared.contracts.intake import AuthorizationRunningOut
from shared.database import Transaction
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.outbox import publish

RAISE = """
INSERT INTO coverage_alarms AS a (id, client_id, site_id, about, cause, raised_at)
SELECT f.id, f.client_id, f.site_id, f.about, f.cause, $6
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[])
  AS f(id, client_id, site_id, about, cause)
ON CONFLICT (about, cause) DO UPDATE SET cleared_at = NULL WHERE a.cleared_at IS NOT NULL
RETURNING a.about, a.cause, a.xmax = 0 AS first
"""
"""An alarm that comes back is the former one: it is told once."""
CLEAR = """
UPDATE coverage_alarms a SET cleared_at = $4
WHERE a.about = ANY($1) AND a.cleared_at IS NULL AND NOT EXISTS (
  SELECT FROM unnest($2::uuid[], $3::text[]) AS k(about, cause)
  WHERE k.about = a.about AND k.cause = a.cause
)
"""


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


def of_grant(
    now: datetime,
    *,
    about: UUID,
    client_id: UUID,
    site_id: UUID,
    time_zone: str,
    granted: int,
    used: int,
    last: date,
) -> tuple[Found, datetime | None]:
    """What holds of an authorization now, and when its date is to be looked at again."""
    policy, today = alarm_policy(), day_at(now, time_zone)
    left = granted - used
    causes = grant_causes(policy, granted=granted, left=left, last=last, today=today)
    found = Found(about, client_id, site_id, frozenset[Cause](causes), left, last)
    return found, look_again(policy, last, today, time_zone)


async def note_alarms(
    tx: Transaction,
    found: Sequence[Found],
    caused_by: Mapping[UUID, Received[Any]] | None = None,
) -> None:
    """Raise what holds and was not raised, clear what no longer holds; what is raised for the
    first time of an authorization is told by AuthorizationRunningOut."""
    standing = [(one, cause) for one in found for cause in sorted(one.causes)]
    known = {one.about: one for one in found}
    if standing:
        rows = await tx.fetch(
            RAISE,
            [new_id() for _ in standing],
            [one.client_id for one, _ in standing],
            [one.site_id for one, _ in standing],
            [one.about for one, _ in standing],
            [cause for _, cause in standing],
            tx.now,
        )
        for row in rows:
            if row["first"]:
                _tell(tx, known[row["about"]], row["cause"], caused_by or {})
    await tx.execute(
        CLEAR,
        list(known),
        [one.about for one, _ in standing],
        [cause for _, cause in standing],
        tx.now,
    )


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
