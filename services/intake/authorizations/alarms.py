"""Raising and clearing alarms: in the transaction that moves units, and by the calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.intake.authorizations.policy import alarm_policy
from services.intake.authorizations.rules.alarms import (
    Cause,
    certification_causes,
    grant_causes,
    look_again,
)
from services.intake.directory.rules import day_at
from shared.contracts.intake import AuthorizationRunningOut
from shared.database import ALL_SITES, Transaction
from shared.ids import new_id
from shared.jobs import Job, JobContext
from shared.messaging.envelope import Received
from shared.messaging.outbox import publish

BATCH = 500
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
NEXT_DUE = """
SELECT least(
  (SELECT min(look_at) FROM authorizations WHERE look_at IS NOT NULL),
  (SELECT min(look_at) FROM certifications WHERE look_at IS NOT NULL)
)
"""
DUE = """
SELECT a.id, a.client_id, a.site_id, a.units_granted, a.units_used, a.valid_until, s.time_zone
FROM authorizations a JOIN sites s ON s.id = a.site_id
WHERE a.look_at <= $1 ORDER BY a.look_at, a.id LIMIT $2 FOR UPDATE OF a SKIP LOCKED
"""
LOOKED = """
UPDATE authorizations a SET look_at = m.look_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS m(id, look_at) WHERE a.id = m.id
"""
DUE_CERTIFICATIONS = """
SELECT e.id, e.client_id, e.site_id, e.recertify_by, s.time_zone,
  c.entered_in_error OR c.effective_until < (($1::timestamptz) AT TIME ZONE s.time_zone)::date
    AS over
FROM certifications e JOIN sites s ON s.id = e.site_id JOIN coverages c ON c.id = e.coverage_id
WHERE e.look_at <= $1 ORDER BY e.look_at, e.id LIMIT $2 FOR UPDATE OF e SKIP LOCKED
"""
LOOKED_AT_CERTIFICATIONS = """
UPDATE certifications e SET look_at = m.look_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS m(id, look_at) WHERE e.id = m.id
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


async def next_look(tx: Transaction) -> datetime | None:
    """When the next date raises an alarm."""
    due: datetime | None = await tx.fetchval(NEXT_DUE)
    return due


async def look(context: JobContext) -> int:
    """Raise the alarms of dates that have come; how many were looked at."""
    async with context.database.transaction(ALL_SITES) as tx:
        return await _look_at_grants(tx) + await _look_at_certifications(tx)


async def _look_at_grants(tx: Transaction) -> int:
    rows = await tx.fetch(DUE, tx.now, BATCH)
    if not rows:
        return 0
    looked = [
        of_grant(
            tx.now,
            about=row["id"],
            client_id=row["client_id"],
            site_id=row["site_id"],
            time_zone=row["time_zone"],
            granted=row["units_granted"],
            used=row["units_used"],
            last=row["valid_until"],
        )
        for row in rows
    ]
    await tx.execute(LOOKED, [one.about for one, _ in looked], [again for _, again in looked])
    await note_alarms(tx, [one for one, _ in looked])
    return len(rows)


async def _look_at_certifications(tx: Transaction) -> int:
    rows = await tx.fetch(DUE_CERTIFICATIONS, tx.now, BATCH)
    if not rows:
        return 0
    policy = alarm_policy()
    found: list[Found] = []
    again: list[datetime | None] = []
    for row in rows:
        last, today = row["recertify_by"], day_at(tx.now, row["time_zone"])
        causes = certification_causes(policy, recertify_by=last, today=today)
        standing = frozenset[Cause](() if row["over"] else causes)
        found.append(Found(row["id"], row["client_id"], row["site_id"], standing, None, last))
        again.append(None if row["over"] else look_again(policy, last, today, row["time_zone"]))
    await tx.execute(LOOKED_AT_CERTIFICATIONS, [one.about for one in found], again)
    await note_alarms(tx, found)
    return len(rows)


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


authorization_job = Job(name="authorization-dates", next_due=next_look, run=look)
