"""Giving sessions their rooms and their staff."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from services.scheduling.appointments.commands import tell_again
from services.scheduling.bookings.commands import Booking, book, free
from services.scheduling.bookings.rules import Asked
from shared.contracts.scheduling import Modality
from shared.database import Transaction

LOCK = """
SELECT id FROM sessions WHERE id = ANY ($1::uuid[]) AND not_held_at IS NULL AND starts_at > $2
ORDER BY id FOR NO KEY UPDATE
"""
CHANGED = """
UPDATE sessions s SET version = s.version + 1, modality = coalesce((
  SELECT CASE r.kind WHEN 'telehealth' THEN 'telehealth' ELSE 'in_person' END FROM rooms r
  WHERE r.id = given.room_id
), given.modality, s.modality)
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS given(id, room_id, modality)
WHERE s.id = given.id
"""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who and what a session is to have; None and nobody: it has none. The modality is that of the
    room; without a room it is as given, or stays."""

    session_id: UUID
    room_id: UUID | None = None
    facilitator_id: UUID | None = None
    cofacilitator_ids: tuple[UUID, ...] = ()
    modality: Modality | None = None

    @classmethod
    def of(cls, session_id: UUID, asked: Asked) -> Self:
        """What is asked for, if it suits."""
        people = asked.facilitator_id, asked.cofacilitator_ids
        return cls(session_id, asked.room_id, *people, asked.modality)

    @property
    def bookings(self) -> Iterator[Booking]:
        """What has to be taken for it."""
        if self.room_id is not None:
            yield Booking(self.session_id, self.room_id, "room")
        if self.facilitator_id is not None:
            yield Booking(self.session_id, self.facilitator_id, "facilitator")
        for person in self.cofacilitator_ids:
            yield Booking(self.session_id, person, "cofacilitator")


async def assign(tx: Transaction, assignments: Sequence[Assignment]) -> None:
    """Give sessions to come these rooms and people in place of those they have, all or none; a
    session has the modality of its room. Those that are not held or have begun are passed over.

    The caller has locked the sites, and has checked that rooms and people suit, as
    `bookings.checks` does. Publishes SessionScheduled once for each session and client who is
    expected at it.

    Raises:
        Busy: a room or a person is taken at the time by a session that is none of these. The
            transaction is to be given up.
    """
    asked = {one.session_id: one for one in assignments}
    rows = await tx.fetch(LOCK, list(asked), tx.now)
    given = [asked[row["id"]] for row in rows]
    session_ids = [one.session_id for one in given]
    await free(tx, session_ids, clients=False)
    await tx.execute(
        CHANGED, session_ids, [one.room_id for one in given], [one.modality for one in given]
    )
    await book(tx, (booking for one in given for booking in one.bookings))
    await tell_again(tx, session_ids)
