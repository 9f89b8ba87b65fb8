"""Taking rooms, people and clients for sessions, and letting them go."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from services.scheduling.bookings.rules import Asked
from services.scheduling.directory.commands import lock_sites
from shared.database import Columns, Overtaken, Transaction, at_all_sites
from shared.errors import Conflict

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


@dataclass(frozen=True, slots=True)
class Booking:
    """`resource_id` is the id of a room, of a person of the staff or of a client."""

    session_id: UUID
    resource_id: UUID
    kind: Kind


def bookings_of(session_id: UUID, asked: Asked) -> Iterator[Booking]:
    """The room and the people that have to be taken for a session."""
    if asked.room_id is not None:
        yield Booking(session_id, asked.room_id, "room")
    if asked.facilitator_id is not None:
        yield Booking(session_id, asked.facilitator_id, "facilitator")
    for person in asked.cofacilitator_ids:
        yield Booking(session_id, person, "cofacilitator")


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


async def follow_merge(tx: Transaction, client_ids: Sequence[UUID]) -> None:
    """Let what is to come of these records take the time of the person that each is of now. Where
    two records of one person are taken at one time both stay, and are shown among the conflicts;
    nothing else is booked then."""
    async with at_all_sites(tx):
        sites = [row["site_id"] for row in await tx.fetch(SITES_TO_COME, client_ids, tx.now)]
        await lock_sites(tx, sites)
        await tx.execute(OF_PERSON, client_ids, tx.now)


async def book_free(tx: Transaction, bookings: Iterable[Booking]) -> int:
    """Take those of these that are free at the time of their sessions; how many were."""
    return len(await tx.fetch(BOOK_FREE, *_in_order(bookings)))


async def free(
    tx: Transaction, session_ids: Sequence[UUID], *, clients: bool = True
) -> list[Booking]:
    """Let all go that is taken for these sessions, or all but the clients; what that was."""
    return [Booking(**row) for row in await tx.fetch(FREE, session_ids, clients)]
