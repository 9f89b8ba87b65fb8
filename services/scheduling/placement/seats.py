"""Giving seats, with the site locked: the only place that writes placements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.scheduling.appointments.commands import Seat, schedule_sessions
from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules import Choice, Cohort, Need, choose_cohort
from services.scheduling.waiting.rules import NO_URGENCY
from shared.contracts.base import Criterion
from shared.contracts.scheduling import ClientPlaced
from shared.database import Columns, Transaction
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

SEATS = """
SELECT c.site_id, c.id, c.track, c.gender_group, c.capacity,
  (SELECT count(*) FROM placements p WHERE p.cohort_id = c.id AND p.ended_at IS NULL)
  + (SELECT count(*) FROM seat_offers o WHERE o.cohort_id = c.id AND o.ended_at IS NULL) AS taken
FROM cohorts c WHERE c.site_id = ANY ($1::uuid[]) AND (
  EXISTS (SELECT FROM sessions s
          WHERE s.cohort_id = c.id AND s.starts_at > $2 AND s.not_held_at IS NULL)
  OR NOT EXISTS (SELECT FROM sessions s WHERE s.cohort_id = c.id)
) ORDER BY c.id
"""
"""Cohorts whose sessions are all over or not held are left out; those whose sessions are not
planned yet are not. A seat that is held for somebody who is asked is taken."""
PLACED = Columns.of(
    id="uuid",
    site_id="uuid",
    client_id="uuid",
    enrolment_id="uuid",
    cohort_id="uuid",
    criteria="jsonb",
    considered="jsonb",
    placed_at="timestamptz",
)
PLACE = f"""
INSERT INTO placements ({PLACED.names}) SELECT * FROM {PLACED.rows}
"""  # noqa: S608 - the columns are above


@dataclass(frozen=True, slots=True)
class Arrival:
    """A client who needs a seat, and the event because of which one is looked for now."""

    client_id: UUID
    site_id: UUID
    enrolment_id: UUID
    need: Need
    enrolled_at: datetime
    cause: Received[Any] | None
    urgency: int = NO_URGENCY

    @property
    def turn(self) -> tuple[int, int, datetime, UUID]:
        """Clients are placed in the order of this: by priority, urgency and time of enrolment."""
        return self.need.priority, self.urgency, self.enrolled_at, self.enrolment_id


@dataclass(frozen=True, slots=True)
class Placed:
    """A seat that was found."""

    placement_id: UUID
    arrival: Arrival
    cohort: Cohort
    choice: Choice


class Chart:
    """The seats of some sites as they are in this transaction, while they are given away."""

    def __init__(self, cohorts: dict[UUID, list[Cohort]]) -> None:
        self._cohorts = cohorts

    @classmethod
    async def counted(cls, tx: Transaction, site_ids: Iterable[UUID]) -> "Chart":
        """Count the seats of sites that this transaction has locked.

        A statement of its own, so that it sees what was committed while the lock was waited for.
        The lock is the site's and not a cohort's: a client who would have to wait does not miss a
        cohort that is opened at the same moment.
        """
        sites = sorted(set(site_ids))
        cohorts: dict[UUID, list[Cohort]] = {site: [] for site in sites}
        for row in await tx.fetch(SEATS, sites, tx.now):
            values = dict(row)
            cohorts[values.pop("site_id")].append(Cohort(**values))
        return cls(cohorts)

    def take_seat(self, arrival: Arrival) -> Choice:
        """Choose a cohort for the client and count the seat as taken."""
        cohorts = self._cohorts[arrival.site_id]
        choice = choose_cohort(arrival.need, cohorts, placement_policy(arrival.site_id))
        if choice.cohort is not None:
            index = cohorts.index(choice.cohort)
            cohorts[index] = replace(choice.cohort, taken=choice.cohort.taken + 1)
        return choice

    def only(self, cohort_id: UUID) -> "Chart":
        """The seats of one cohort, as they are now; what is taken of them is not counted here."""
        return Chart(
            {
                site: [one for one in cohorts if one.id == cohort_id]
                for site, cohorts in self._cohorts.items()
            }
        )


async def choose_seats(
    tx: Transaction, chart: Chart, arrivals: Iterable[Arrival]
) -> list[tuple[Arrival, Choice]]:
    """Choose a seat for each client in the order of their turns, and count it as taken; nothing is
    given yet."""
    in_turn = sorted(arrivals, key=lambda one: one.turn)
    return [(arrival, chart.take_seat(arrival)) for arrival in in_turn]


async def give_seats(
    tx: Transaction, chart: Chart, arrivals: Iterable[Arrival]
) -> tuple[list[Placed], list[tuple[Arrival, Choice]]]:
    """Seat the clients in the order of their turns; who was placed, and for whom there was no seat.

    Publishes ClientPlaced, then SessionScheduled for each session to come.
    """
    placed: list[Placed] = []
    unplaced: list[tuple[Arrival, Choice]] = []
    for arrival, choice in await choose_seats(tx, chart, arrivals):
        if choice.cohort is None:
            unplaced.append((arrival, choice))
        else:
            placed.append(Placed(new_id(), arrival, choice.cohort, choice))
    if placed:
        await _write(tx, placed)
    return placed, unplaced


async def _write(tx: Transaction, placed: Sequence[Placed]) -> None:
    rows = [
        {
            "id": one.placement_id,
            "site_id": one.arrival.site_id,
            "client_id": one.arrival.client_id,
            "enrolment_id": one.arrival.enrolment_id,
            "cohort_id": one.cohort.id,
            "criteria": as_json(one.choice.criteria),
            "considered": _considered(one.choice),
            "placed_at": tx.now,
        }
        for one in placed
    ]
    await tx.execute(PLACE, *PLACED.arrays(rows))
    for one in placed:
        event = ClientPlaced(
            client_id=one.arrival.client_id,
            site_id=one.arrival.site_id,
            enrolment_id=one.arrival.enrolment_id,
            placement_id=one.placement_id,
            cohort_id=one.cohort.id,
            track=one.cohort.track,
            criteria=list(one.choice.criteria),
            placed_at=tx.now,
        )
        publish(tx, event, cause=one.arrival.cause)
    await schedule_sessions(
        tx,
        [
            Seat(one.placement_id, one.arrival.client_id, one.cohort.id, one.arrival.cause)
            for one in placed
        ],
    )


def as_json(criteria: Iterable[Criterion]) -> str:
    """Criteria as they are stored."""
    return orjson.dumps([criterion.model_dump() for criterion in criteria]).decode()


def _considered(choice: Choice) -> str:
    return orjson.dumps(
        [
            {
                "cohort_id": str(one.cohort.id),
                "eligible": one.eligible,
                "criteria": [criterion.model_dump() for criterion in one.criteria],
            }
            for one in choice.considered
        ]
    ).decode()
