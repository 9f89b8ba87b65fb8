"""Taking rooms, people and clients for sessions, and letting them go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import asyncpg

from shared.database import Columns, Transaction
from shared.errors import Conflict

Kind = Literal["room", "facilitator", "cofacilitator", "client"]
BOOKED = Columns.of(session_id="uuid", resource_id="uuid", kind="text")
BOOK = f"""
INSERT INTO bookings (session_id, resource_id, kind, site_id, during)
SELECT s.id, given.resource_id, given.kind, s.site_id, tstzrange(s.starts_at, s.ends_at)
FROM {BOOKED.rows} JOIN sessions s ON s.id = given.session_id AND s.not_held_at IS NULL
"""  # noqa: S608 - the columns are above
FREE = """
DELETE FROM bookings WHERE session_id = ANY ($1::uuid[]) RETURNING session_id, resource_id, kind
"""


class Busy(Conflict):
    """A room, a person of the staff or a client has another session at that time."""

    title = "Taken at that time"


@dataclass(frozen=True, slots=True)
class Booking:
    """`resource_id` is the id of a room, of a person of the staff or of a client."""

    session_id: UUID
    resource_id: UUID
    kind: Kind


async def book(tx: Transaction, bookings: Iterable[Booking]) -> None:
    """Take these for the time of their sessions; those of sessions that are not held are passed
    over.

    Raises:
        Busy: one of them is taken then. The transaction can go on only from a savepoint.
    """
    try:
        await tx.execute(BOOK, *BOOKED.arrays(bookings))
    except asyncpg.ExclusionViolationError:
        raise Busy("A room, a person or a client has another session at that time.") from None


async def free(tx: Transaction, session_ids: Sequence[UUID]) -> list[Booking]:
    """Let all go that is taken for these sessions; what that was."""
    return [Booking(**row) for row in await tx.fetch(FREE, session_ids)]
