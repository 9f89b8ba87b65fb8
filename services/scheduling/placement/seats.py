"""Giving seats, with the site locked: the only place that writes placements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.scheduling.appointments.commands import schedule_sessions
from services.scheduling.placement.chart import Chart
from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules import UNTOLD, Choice, Cohort, Need
from services.scheduling.preferences.queries import known_clients
from services.scheduling.waiting.rules import NO_URGENCY
from shared.contracts.base import Criterion
from shared.contracts.scheduling import ClientPlaced, PlacementProposed
from shared.database import Columns, Overtaken, Transaction
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

PLACED = Columns.of(
    id="uuid",
    site_id="uuid",
    client_id="uuid",
    enrolment_id="uuid",
    cohort_id="uuid",
    criteria="jsonb",
    considered="jsonb",
    placed_at="timestamptz",
    proposed_until="timestamptz",
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
    """A seat that was found. `proposed_until` is the end of its keeping where a person confirms."""

    placement_id: UUID
    arrival: Arrival
    cohort: Cohort
    choice: Choice
    proposed_until: datetime | None


async def choose_seats(
    tx: Transaction, chart: Chart, arrivals: Iterable[Arrival]
) -> list[tuple[Arrival, Choice]]:
    """Choose a cohort for each client in the order of their turns, and count its seat as taken."""
    turns = sorted(arrivals, key=lambda one: one.turn)
    clients = await known_clients(tx, [arrival.client_id for arrival in turns])
    await chart.keep_apart(tx, clients.values())
    chosen = []
    for arrival in turns:
        choice = await chart.choose(tx, arrival.site_id, arrival.need, clients[arrival.client_id])
        if choice.cohort is not None:
            chart.take(choice.cohort.id, arrival.client_id)
        chosen.append((arrival, choice))
    return chosen


async def give_seats(
    tx: Transaction, chart: Chart, arrivals: Iterable[Arrival], *, confirmed: bool = False
) -> tuple[list[Placed], list[tuple[Arrival, Choice]]]:
    """Seat the clients in the order of their turns; who was placed, and for whom there was no seat.

    Publishes ClientPlaced, then SessionScheduled for each session to come; PlacementProposed alone
    where the site's policy lets a person confirm, unless that is `confirmed` already.

    Raises:
        Overtaken: somebody who did not lock the site took a seat meanwhile.
    """
    placed: list[Placed] = []
    unplaced: list[tuple[Arrival, Choice]] = []
    for arrival, choice in await choose_seats(tx, chart, arrivals):
        if choice.cohort is None:
            unplaced.append((arrival, choice))
        else:
            until = None if confirmed else _kept_until(tx, arrival.site_id)
            placed.append(Placed(new_id(), arrival, choice.cohort, choice, until))
    if placed:
        await _write(tx, placed)
    return placed, unplaced


def _kept_until(tx: Transaction, site_id: UUID) -> datetime | None:
    confirmation = placement_policy(site_id).confirmation
    return tx.now + timedelta(hours=confirmation.hours) if confirmation.by == "person" else None


async def _write(tx: Transaction, placed: Sequence[Placed]) -> None:
    rows = [
        {
            "id": one.placement_id,
            "site_id": one.cohort.site_id,
            "client_id": one.arrival.client_id,
            "enrolment_id": one.arrival.enrolment_id,
            "cohort_id": one.cohort.id,
            "criteria": as_json(one.choice.criteria),
            "considered": considered_json(one.choice),
            "placed_at": tx.now,
            "proposed_until": one.proposed_until,
        }
        for one in placed
    ]
    try:
        await tx.execute(PLACE, *PLACED.arrays(rows))
    except asyncpg.CheckViolationError:
        raise Overtaken from None
    for one in placed:
        tell_seat(
            tx,
            one.arrival,
            one.placement_id,
            one.cohort,
            one.choice.criteria,
            one.proposed_until,
        )
    given = {one.placement_id: one.arrival.cause for one in placed if one.proposed_until is None}
    await schedule_sessions(tx, given)


def tell_seat(
    tx: Transaction,
    arrival: Arrival,
    placement_id: UUID,
    cohort: Cohort,
    criteria: Iterable[Criterion],
    proposed_until: datetime | None = None,
) -> None:
    """Publish ClientPlaced, or PlacementProposed while the seat is only kept."""
    told = {
        "client_id": arrival.client_id,
        "site_id": cohort.site_id,
        "enrolment_id": arrival.enrolment_id,
        "placement_id": placement_id,
        "cohort_id": cohort.id,
        "criteria": list(criteria),
    }
    event: ClientPlaced | PlacementProposed
    if proposed_until is None:
        event = ClientPlaced(**told, track=cohort.track, placed_at=tx.now)
    else:
        event = PlacementProposed(**told, proposed_at=tx.now, expires_at=proposed_until)
    publish(tx, event, cause=arrival.cause)


def as_json(criteria: Iterable[Criterion]) -> str:
    """Criteria as they are stored."""
    return orjson.dumps([criterion.model_dump() for criterion in criteria]).decode()


def considered_json(choice: Choice) -> str:
    """All cohorts that were considered, as they are stored: id, rank of those that fit, place, and
    the number of its finding, as most of many cohorts have the same; findings name their criteria
    by number, too. Whom a client must not meet is told by GET /no-contacts alone."""
    ranks = {one.cohort.id: rank for rank, one in enumerate(choice.ranked, 1)}
    findings = {id(one.finding): one.finding for one in choice.considered}
    numbers = {finding: number for number, finding in enumerate(findings)}
    criteria = {
        id(one): one for of in findings.values() for one in of.criteria if one.name != UNTOLD
    }
    places = {criterion: number for number, criterion in enumerate(criteria)}
    stored = {
        "criteria": [vars(one) for one in criteria.values()],
        "findings": [
            {
                "eligible": of.eligible,
                "words": of.words,
                "criteria": [places[id(one)] for one in of.criteria if one.name != UNTOLD],
            }
            for of in findings.values()
        ],
        "cohorts": [
            (
                str(one.cohort.id),
                ranks.get(one.cohort.id),
                one.cohort.place,
                numbers[id(one.finding)],
            )
            for one in choice.considered
        ],
    }
    return orjson.dumps(stored).decode()


def read_considered(stored: str) -> list[dict[str, Any]]:
    """What `considered_json` wrote, each cohort with its criteria; former releases wrote the
    cohorts one by one, with their criteria or the numbers of these."""
    found = orjson.loads(stored)
    if isinstance(found, list):
        return found
    cohorts = found["cohorts"]
    if "findings" in found:
        cohorts = [_read(found["findings"][number], *cohort) for *cohort, number in cohorts]
    return [{**one, "criteria": [found["criteria"][n] for n in one["criteria"]]} for one in cohorts]


def _read(
    finding: Mapping[str, Any], cohort_id: str, rank: int | None, place: str
) -> dict[str, Any]:
    return {
        "cohort_id": cohort_id,
        "eligible": finding["eligible"],
        "rank": rank,
        "sentence": f"{place}: {finding['words']}",
        "criteria": finding["criteria"],
    }
