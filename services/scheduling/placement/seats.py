"""Giving seats, with the site locked: the only place that writes placements."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.scheduling.appointments.commands import schedule_sessions
from services.scheduling.placement.arrivals import Arrival
from services.scheduling.placement.chart import Chart, Chosen
from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules.ranking import UNTOLD
from services.scheduling.placement.rules.values import Choice, Cohort, Finding
from shared.contracts.base import Criterion
from shared.contracts.scheduling import ClientPlaced, PlacementProposed
from shared.database import Columns, Overtaken, Transaction
from shared.ids import new_id
from shared.messaging.outbox import publish

PLACED = Columns.by_type(
    uuid="id site_id client_id enrolment_id cohort_id",
    jsonb="criteria considered",
    timestamptz="placed_at proposed_until",
)
PLACE = PLACED.insert("placements")


async def give_seats(
    tx: Transaction, chart: Chart, arrivals: Iterable[Arrival], *, confirmed: bool = False
) -> Chosen:
    """Seat the clients in the order of their turns; those without a cohort got no seat.

    Publishes ClientPlaced, then SessionScheduled for each session to come; PlacementProposed alone
    where the site's policy lets a person confirm, unless that is `confirmed` already.

    Raises:
        Overtaken: somebody who did not lock the site took a seat meanwhile.
    """
    chosen = await chart.choose(tx, arrivals)
    rows, given = [], {}
    for arrival, choice in chosen:
        if choice.cohort is None:
            continue
        by, until = placement_policy(arrival.site_id).confirmation, None
        if by.by == "person" and not confirmed:
            until = tx.now + timedelta(hours=by.hours)
        row = tell_seat(tx, new_id(), arrival, choice.cohort, choice, until)
        rows.append(row)
        if until is None:
            given[row["id"]] = arrival.cause
    if rows:
        try:
            await tx.execute(PLACE, *PLACED.arrays(rows))
        except asyncpg.CheckViolationError:
            raise Overtaken from None
        await schedule_sessions(tx, given)
    return chosen


def tell_seat(
    tx: Transaction,
    placement_id: UUID,
    arrival: Arrival,
    cohort: Cohort,
    choice: Choice,
    until: datetime | None = None,
) -> dict[str, Any]:
    """The row of a seat; publishes ClientPlaced, or PlacementProposed where it is only kept until
    that instant."""
    row = {
        "id": placement_id,
        "site_id": cohort.site_id,
        "client_id": arrival.client_id,
        "enrolment_id": arrival.enrolment_id,
        "cohort_id": cohort.id,
        "criteria": as_json(choice.criteria),
        "considered": considered_json(choice),
        "placed_at": tx.now,
        "proposed_until": until,
    }
    told = {**row, "placement_id": placement_id, "criteria": choice.criteria}
    event: ClientPlaced | PlacementProposed
    if until is None:
        event = ClientPlaced(**told, track=cohort.track)
    else:
        event = PlacementProposed(**told, proposed_at=tx.now, expires_at=until)
    publish(tx, event, cause=arrival.cause)
    return row


def as_json(criteria: Iterable[Criterion]) -> str:
    """Criteria as they are stored."""
    return orjson.dumps([criterion.model_dump() for criterion in criteria]).decode()


def considered_json(choice: Choice) -> str:
    """All cohorts that were considered, as they are stored: id, rank of those that fit, place, and
    the number of its finding, as most of many cohorts have the same; findings name their criteria
    by number, too. Whom a client must not meet is told by GET /no-contacts alone."""
    ranks = {one.cohort.id: rank for rank, one in enumerate(choice.ranked, 1)}
    numbers: dict[int, int] = {}
    criteria: dict[int, Criterion] = {}
    findings: list[tuple[Finding, list[int]]] = []
    cohorts = []
    for one in choice.considered:
        cohort, finding = one.cohort, one.finding
        if (number := numbers.get(id(finding))) is None:
            number = numbers[id(finding)] = len(findings)
            told = {id(line): line for line in finding.criteria if line.name != UNTOLD}
            criteria |= told
            findings.append((finding, list(told)))
        cohorts.append((str(cohort.id), ranks.get(cohort.id), cohort.place, number))
    places = {identity: place for place, identity in enumerate(criteria)}
    stored = {
        "criteria": [vars(line) for line in criteria.values()],
        "findings": [
            {"eligible": of.eligible, "words": of.words, "criteria": [places[n] for n in told]}
            for of, told in findings
        ],
        "cohorts": cohorts,
    }
    return orjson.dumps(stored).decode()


def read_considered(stored: str) -> list[dict[str, Any]]:
    """What `considered_json` wrote, each cohort with its criteria."""
    kept = orjson.loads(stored)
    read = []
    for cohort_id, rank, place, number in kept["cohorts"]:
        finding = kept["findings"][number]
        told = {"cohort_id": cohort_id, "rank": rank, "sentence": f"{place}: {finding['words']}"}
        criteria = [kept["criteria"][line] for line in finding["criteria"]]
        read.append({**told, "eligible": finding["eligible"], "criteria": criteria})
    return read
