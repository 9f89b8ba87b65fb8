"""Taking rooms, people and clients for sessions, and letting them go; expecting clients at
sessions, and expecting them no longer, with one event a client and session.

Who is expected is booked: a client who has another session at the time is not expected twice, is
shown among the conflicts, and is expected once the other session goes away.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.scheduling.appointments.queries import ASSIGNED
from services.scheduling.appointments.rules import Asked
from services.scheduling.directory.commands import lock_sites
from shared.contracts.intake import ClientMergeUndone, ClientsMerged
from shared.contracts.scheduling import EndedAs, SessionCancelled, SessionScheduled
from shared.database import Columns, Overtaken, Transaction, at_all_sites
from shared.errors import Conflict
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

Kind = Literal["room", "facilitator", "cofacilitator", "client"]
BOOKED = Columns.of(session_id="uuid", resource_id="uuid", kind="text")
BOOK = f"""
INSERT INTO bookings (session_id, resource_id, kind, site_id, during)
SELECT s.id, given.resource_id, given.kind, s.site_id, tstzrange(s.starts_at, s.ends_at)
FROM {BOOKED.rows} JOIN sessions s ON s.id = given.session_id AND s.not_held_at IS NULL
"""  # noqa: S608 - the columns are above
BOOK_FREE = f"{BOOK} ON CONFLICT DO NOTHING RETURNING session_id"
TAKEN = f"""
WITH asked AS (
  SELECT given.*, s.site_id, tstzrange(s.starts_at, s.ends_at) AS during, CASE given.kind
    WHEN 'client' THEN platform.survivor_of(given.resource_id) ELSE given.resource_id
  END AS person_id
  FROM {BOOKED.rows} JOIN sessions s ON s.id = given.session_id
)
SELECT a.session_id, a.resource_id, a.kind, t.session_id AS taken_for, t.site_id,
  lower(t.during) AS since, upper(t.during) AS until
FROM asked a JOIN (
  SELECT session_id, resource_id, person_id, site_id, during FROM asked
  UNION ALL SELECT session_id, resource_id, person_id, site_id, during FROM bookings
) AS t ON t.person_id = a.person_id AND t.during && a.during
  AND (t.session_id, t.resource_id) <> (a.session_id, a.resource_id)
ORDER BY since, a.session_id LIMIT 5
"""  # noqa: S608 - the columns are above
FREE = """
DELETE FROM bookings WHERE session_id = ANY ($1::uuid[]) AND ($2 OR kind <> 'client')
RETURNING session_id, resource_id, kind
"""
SITES_TO_COME = """
SELECT DISTINCT site_id FROM bookings
WHERE resource_id = ANY ($1::uuid[]) AND upper(during) > $2
"""
OF_PERSON = """
UPDATE bookings b SET person_id = platform.survivor_of(b.resource_id)
WHERE b.resource_id = ANY ($1::uuid[]) AND upper(b.during) > $2
  AND b.person_id <> platform.survivor_of(b.resource_id) AND NOT EXISTS (
  SELECT FROM unnest(platform.records_of(b.resource_id)) AS own(record)
  JOIN bookings o ON o.resource_id = own.record AND o.during && b.during
    AND o.resource_id <> b.resource_id
)
"""
SCHEDULE = f"""
WITH s AS (
  SELECT p.client_id, taken.person_id, p.id AS placement_id, p.enrolment_id, s.id, s.site_id,
    s.cohort_id, s.kind, s.starts_at, s.ends_at, s.break_minutes, s.time_zone, s.modality
  FROM placements p
  CROSS JOIN LATERAL (
    SELECT coalesce(range_agg(b.during), '{{}}') AS during,
      platform.survivor_of(p.client_id) AS person_id
    FROM unnest(platform.records_of(p.client_id)) AS own(record)
    JOIN bookings b ON b.resource_id = own.record
  ) AS taken
  JOIN sessions s ON s.cohort_id = p.cohort_id AND s.starts_at > $1 AND s.not_held_at IS NULL
    AND (s.phases IS NULL OR p.phase = ANY (s.phases))
  WHERE p.id = ANY ($2::uuid[]) AND NOT taken.during && tstzrange(s.starts_at, s.ends_at)
    AND NOT EXISTS (SELECT FROM appointments e WHERE e.session_id = s.id
      AND e.client_id = p.client_id AND (e.state = 'scheduled' OR $3))
), booked AS (
  INSERT INTO bookings (session_id, resource_id, person_id, kind, site_id, during)
  SELECT id, client_id, person_id, 'client', site_id, tstzrange(starts_at, ends_at) FROM s
  ORDER BY client_id, starts_at
  ON CONFLICT DO NOTHING RETURNING session_id, resource_id AS client_id
), made AS (
  SELECT s.* FROM booked JOIN s ON s.id = booked.session_id AND s.client_id = booked.client_id
), expected AS (
  INSERT INTO appointments AS a
    (session_id, client_id, site_id, placement_id, state, scheduled_at, on_hold)
  SELECT id, client_id, site_id, placement_id, 'scheduled', $1,
    EXISTS (SELECT FROM holds h WHERE h.enrolment_id = made.enrolment_id)
  FROM made
  ON CONFLICT (session_id, client_id) DO UPDATE SET
    placement_id = excluded.placement_id, state = 'scheduled',
    scheduled_at = excluded.scheduled_at, cancelled_at = NULL, on_hold = excluded.on_hold
)
SELECT s.*, s.id AS session_id, assigned.* FROM made AS s
{ASSIGNED}
ORDER BY s.starts_at, s.id
"""  # noqa: S608 - the part is ours
"""Who is booked is expected: what takes the time of the person meanwhile wins."""
SEATS = """
SELECT id, site_id FROM placements
WHERE client_id = ANY ($1::uuid[]) AND ended_at IS NULL AND proposed_until IS NULL ORDER BY id
"""

LOCK = """
SELECT FROM appointments WHERE placement_id = ANY ($1::uuid[]) AND state = 'scheduled'
ORDER BY session_id, client_id FOR UPDATE
"""
CANCEL = """
WITH cancelled AS (
UPDATE appointments a SET state = 'cancelled', cancelled_at = $1
FROM sessions s, placements p
WHERE a.placement_id = ANY ($2::uuid[]) AND p.id = a.placement_id AND a.state = 'scheduled'
  AND s.id = a.session_id AND s.starts_at > $1 AND s.not_held_at IS NULL
  AND ($3::integer IS NULL OR s.cohort_id IS NOT NULL AND NOT $3 = ANY (s.phases))
  AND NOT EXISTS (SELECT FROM attendance r
                  WHERE r.session_id = a.session_id AND r.client_id = a.client_id)
RETURNING a.client_id, a.placement_id, a.site_id, a.session_id, s.starts_at,
  coalesce(s.cohort_id, p.cohort_id) AS cohort_id, s.cohort_id IS NULL AS own
), freed AS (
  DELETE FROM bookings b USING cancelled c
  WHERE b.session_id = c.session_id AND b.resource_id = c.client_id
)
SELECT * FROM cancelled
"""
LEFT_EMPTY = """
WITH empty AS (
  UPDATE sessions s SET not_held_at = $1, not_held_reason = 'too_few', version = version + 1
  WHERE s.id = ANY ($2::uuid[]) AND s.not_held_at IS NULL
    AND NOT EXISTS (SELECT FROM appointments a WHERE a.session_id = s.id AND a.state = 'scheduled')
  RETURNING s.id
)
DELETE FROM bookings b USING empty e WHERE b.session_id = e.id
"""
EXPECTED = f"""
SELECT a.client_id, p.enrolment_id, s.id AS session_id, s.site_id,
  coalesce(s.cohort_id, p.cohort_id) AS cohort_id, s.kind, s.starts_at, s.ends_at, s.break_minutes,
  s.time_zone, s.modality, assigned.*
FROM appointments a
JOIN sessions s ON s.id = a.session_id
JOIN placements p ON p.id = a.placement_id
{ASSIGNED}
WHERE a.session_id = ANY ($1::uuid[]) AND a.state = 'scheduled'
ORDER BY s.starts_at, s.id, a.client_id
"""  # noqa: S608 - the part is ours

Causes = Mapping[UUID, Received[Any] | None]
"""Placements, each with the event that led to the change, if one did."""


@dataclass(frozen=True, slots=True)
class Booking:
    """`resource_id` is the id of a room, of a person of the staff or of a client."""

    session_id: UUID
    resource_id: UUID
    kind: Kind


def bookings_of(asked: Mapping[UUID, Asked]) -> Iterator[Booking]:
    """The rooms and the people that have to be taken for sessions."""
    for session_id, one in asked.items():
        held: list[tuple[UUID | None, Kind]]
        held = [(one.room_id, "room"), (one.facilitator_id, "facilitator")]
        held += [(person, "cofacilitator") for person in one.cofacilitator_ids]
        yield from (Booking(session_id, which, kind) for which, kind in held if which is not None)


@dataclass(frozen=True, slots=True)
class Taken(Booking):
    """What is asked for and taken: for which session, None at a site that the caller may not see,
    and from when until when."""

    taken_for: UUID | None
    site_id: UUID
    since: datetime
    until: datetime

    def seen_by(self, tx: Transaction) -> "Taken":
        """As the caller may know it."""
        return self if tx.may_see(self.site_id) else replace(self, taken_for=None)

    def __str__(self) -> str:
        what = "another site" if self.taken_for is None else f"session {self.taken_for}"
        return (
            f"The {self.kind} {self.resource_id} is taken from {self.since:%Y-%m-%dT%H:%MZ} "
            f"to {self.until:%Y-%m-%dT%H:%MZ} for {what}."
        )


class Busy(Conflict, title="Taken at that time"):
    """A room, a person of the staff or a client has another session at that time."""

    def __init__(self, taken: Sequence[Taken], *, pointer: str | None = None) -> None:
        super().__init__(" ".join(map(str, taken)), pointer=pointer)
        self.taken = taken
        kind = taken[0].kind
        self.field = f"{kind}_ids" if kind in ("cofacilitator", "client") else f"{kind}_id"
        """The field of a request that names the first of them."""


async def book(tx: Transaction, bookings: Iterable[Booking]) -> None:
    """Take these for the time of their sessions; those of sessions that are not held are passed
    over.

    Raises:
        Busy: one of them is taken then; it names who, for which session, and when. None of them is
            taken, and the transaction can go on.
    """
    asked = _in_order(bookings)
    await tx.execute("SAVEPOINT booking")
    try:
        await tx.execute(BOOK, *asked)
    except asyncpg.ExclusionViolationError:
        await tx.execute("ROLLBACK TO SAVEPOINT booking")
        async with at_all_sites(tx):
            rows = await tx.fetch(TAKEN, *asked)
        if not rows:
            raise Overtaken("Who was in the way is gone.") from None
        raise Busy([Taken(**row).seen_by(tx) for row in rows]) from None
    await tx.execute("RELEASE SAVEPOINT booking")


def _in_order(bookings: Iterable[Booking]) -> list[list[object]]:
    """Always the same, so that nobody waits for one who waits in turn."""
    return BOOKED.arrays(sorted(bookings, key=lambda one: (one.resource_id, one.session_id)))


async def follow_merges(tx: Transaction, told: Sequence[ClientsMerged | ClientMergeUndone]) -> None:
    """Let what is to come of these records take the time of the person that each is of now. Where
    two records of one person are taken at one time both stay, and are shown among the conflicts;
    nothing else is booked then. Those who are two people again may have time for more."""
    client_ids = [one for event in told for one in (event.client_id, event.merged_client_id)]
    async with at_all_sites(tx):
        sites = [row["site_id"] for row in await tx.fetch(SITES_TO_COME, client_ids, tx.now)]
        await lock_sites(tx, sites)
        await tx.execute(OF_PERSON, client_ids, tx.now)
    if any(isinstance(event, ClientMergeUndone) for event in told):
        await expect_again(tx, client_ids)


async def book_free(tx: Transaction, bookings: Iterable[Booking]) -> int:
    """Take those of these that are free at the time of their sessions; how many were."""
    return len(await tx.fetch(BOOK_FREE, *_in_order(bookings)))


async def free(
    tx: Transaction, session_ids: Sequence[UUID], *, clients: bool = True
) -> list[Booking]:
    """Let all go that is taken for these sessions, or all but the clients; what that was."""
    return [Booking(**row) for row in await tx.fetch(FREE, session_ids, clients)]


async def schedule_sessions(
    tx: Transaction, placements: Causes, *, never_expected: bool = False
) -> None:
    """Expect clients at every session of their phase of the cohort that is to come and to be held;
    with `never_expected` only at those at which they were never expected before. A client who has
    another session at the time, at whatever site and by whichever record of the person, is left
    out: see `conflicts`.

    Publishes SessionScheduled for each appointment made; those that exist stay as they are.
    """
    async with at_all_sites(tx):
        rows = await tx.fetch(SCHEDULE, tx.now, list(placements), never_expected)
    for row in rows:
        publish(tx, SessionScheduled(**row), cause=placements[row["placement_id"]])


async def expect_again(tx: Transaction, client_ids: Iterable[UUID]) -> None:
    """Expect clients, of whom another session went away, at those sessions of their cohorts that
    were at its time. Publishes as `schedule_sessions` does."""
    if not (ids := list(client_ids)):
        return
    async with at_all_sites(tx):
        rows = await tx.fetch(SEATS, ids)
        await lock_sites(tx, {row["site_id"] for row in rows})
    if rows:
        seats = dict.fromkeys(row["id"] for row in rows)
        await schedule_sessions(tx, seats, never_expected=True)


async def expected_at(tx: Transaction, session_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Who is expected at sessions, in their order; rows have what events say of it."""
    return await tx.fetch(EXPECTED, session_ids)


async def tell_again(
    tx: Transaction, session_ids: Sequence[UUID], moved_from: Mapping[UUID, datetime] | None = None
) -> None:
    """Publish SessionScheduled anew for each client expected at sessions that changed;
    `moved_from` is where those that moved began before."""
    before = moved_from or {}
    for row in await expected_at(tx, session_ids):
        publish(tx, SessionScheduled(**row, moved_from=before.get(row["session_id"])))


async def cancel_sessions(
    tx: Transaction, placements: Causes, ended_as: Mapping[UUID, EndedAs], phase: int | None = None
) -> None:
    """Expect clients no longer at sessions that have not started; `ended_as` says, for each
    placement, as what the stay ended. Who goes on in another phase stays expected at the sessions
    that belong to it.

    Publishes SessionCancelled for each; what has started, or has its attendance recorded while this
    transaction waited, keeps its appointment. A session of their own at which nobody is
    expected any more is not held: its room and its therapist are free.
    """
    await tx.execute(LOCK, list(placements))
    rows = await tx.fetch(CANCEL, tx.now, list(placements), phase)
    if own := [row["session_id"] for row in rows if row["own"]]:
        await tx.execute(LEFT_EMPTY, tx.now, own)
    for row in sorted(rows, key=lambda row: (row["starts_at"], row["session_id"])):
        placement_id = row["placement_id"]
        why = {"reason": "stepped_down", "ended_as": ended_as.get(placement_id), "phase": phase}
        event = SessionCancelled(**row, **why, cancelled_at=tx.now)
        publish(tx, event, cause=placements[placement_id])
