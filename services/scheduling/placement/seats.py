"""Giving seats, and holding them for those who are asked, with the site locked: the only place that
writes placements and seat offers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.scheduling.appointments.commands import schedule_sessions
from services.scheduling.placement.chart import Arrival, Chart, Chosen
from services.scheduling.placement.policy import placement_policy, waiting_policy
from services.scheduling.placement.rules.ranking import UNTOLD
from services.scheduling.placement.rules.values import Choice
from services.scheduling.placement.rules.waiting import expiry
from services.scheduling.placement.schemas import OfferState
from shared.contracts import scheduling
from shared.database import Columns, Overtaken, Record, Transaction, as_json
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish
from shared.weekly import Window

PLACED = Columns.by_type(
    uuid="id site_id client_id enrolment_id cohort_id",
    jsonb="criteria considered",
    timestamptz="placed_at proposed_until",
)
PLACE = PLACED.insert("placements")
OFFERED = Columns.by_type(
    uuid="id site_id client_id enrolment_id cohort_id",
    jsonb="criteria",
    timestamptz="offered_at expires_at",
    text="offered_by jump_reason",
    integer="passed_over",
)
OFFER = OFFERED.insert("seat_offers")
BY_ORDER = {"offered_by": None, "passed_over": 0, "jump_reason": None}
"""What an offer says where nobody chose the client."""
SITES = """
SELECT s.id, s.time_zone,
  ARRAY(SELECT ARRAY[weekday, opens_minute, closes_minute] FROM opening_hours o
        WHERE o.site_id = s.id) AS openings,
  ARRAY(SELECT day FROM closed_days d WHERE d.site_id = s.id) AS closed
FROM sites s WHERE s.id = ANY ($1::uuid[])
"""
END = """
UPDATE seat_offers SET ended_at = $1, outcome = $3, answered_by = $4, decline_reason = $5,
  link_hash = NULL, version = version + 1
WHERE (id = ANY ($2::uuid[]) OR enrolment_id = ANY ($2::uuid[])) AND ended_at IS NULL
RETURNING id AS offer_id, client_id, site_id, enrolment_id, cohort_id,
  (SELECT c.site_id FROM cohorts c WHERE c.id = cohort_id) AS seat_at
"""
"""A client may be asked about a seat at another site: it is there that one is free now."""
ASK_NOT_BEFORE = """
UPDATE waitlist w SET offer_again_at = given.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS given (enrolment_id, at)
WHERE w.enrolment_id = given.enrolment_id AND w.left_at IS NULL
"""
ENDED = {
    "accepted": scheduling.SeatAccepted,
    "declined": scheduling.SeatDeclined,
    "expired": scheduling.SeatOfferExpired,
    "withdrawn": scheduling.SeatOfferWithdrawn,
}


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
        row = tell_seat(tx, new_id(), arrival, choice, until)
        rows.append(row)
        if until is None:
            given[row["id"]] = arrival.cause
    if rows:
        await take_seats(tx, PLACE, *PLACED.arrays(rows))
        await schedule_sessions(tx, given)
    return chosen


async def take_seats(tx: Transaction, *statement: Any) -> None:
    """Write seats, of which the database gives none twice.

    Raises:
        Overtaken: somebody who did not lock the site took a seat meanwhile.
    """
    try:
        await tx.execute(*statement)
    except asyncpg.CheckViolationError:
        raise Overtaken from None


def tell_seat(
    tx: Transaction, placement_id: UUID, arrival: Arrival, choice: Choice, until: datetime | None
) -> dict[str, Any]:
    """The row of a seat in the cohort that was chosen; publishes ClientPlaced, or PlacementProposed
    where it is only kept `until` that instant."""
    assert choice.cohort is not None  # the caller looked
    row = {
        **_of_choice(arrival, choice),
        "id": placement_id,
        "site_id": choice.cohort.site_id,
        "considered": considered_json(choice),
        "placed_at": tx.now,
        "proposed_until": until,
    }
    told = {**row, "placement_id": placement_id, "criteria": choice.criteria}
    if until is None:
        publish(tx, scheduling.ClientPlaced(**told, track=choice.cohort.track), cause=arrival.cause)
    else:
        kept = scheduling.PlacementProposed(**told, proposed_at=tx.now, expires_at=until)
        publish(tx, kept, cause=arrival.cause)
    return row


async def make_offers(tx: Transaction, chosen: Chosen, **by_hand: Any) -> list[UUID]:
    """Hold these seats, which the caller has found free with the site locked; publishes
    SeatOffered. The ids of the offers. `by_hand` is what an offer says beside, where a person chose
    the client: `offered_by`, `passed_over` and `jump_reason`."""
    found = await tx.fetch(SITES, [arrival.site_id for arrival, _ in chosen])
    sites = {row["id"]: row for row in found}
    rows = []
    for arrival, choice in chosen:
        site, held = sites[arrival.site_id], waiting_policy(arrival.site_id).offer
        openings = [Window(*opening) for opening in site["openings"]]
        row = {
            **_of_choice(arrival, choice),
            "id": new_id(),
            "site_id": arrival.site_id,
            "offered_at": tx.now,
            "expires_at": expiry(tx.now, held, site["time_zone"], openings, site["closed"]),
            **BY_ORDER,
            **by_hand,
        }
        rows.append(row)
        event = scheduling.SeatOffered(**row, offer_id=row["id"], time_zone=site["time_zone"])
        publish(tx, event, cause=arrival.cause)
    await tx.execute(OFFER, *OFFERED.arrays(rows))
    tx.wake()
    return [row["id"] for row in rows]


def _of_choice(arrival: Arrival, choice: Choice) -> dict[str, Any]:
    """Whose seat it is, in which cohort, and why."""
    assert choice.cohort is not None  # the caller looked
    stay = {"client_id": arrival.client_id, "enrolment_id": arrival.enrolment_id}
    return {**stay, "cohort_id": choice.cohort.id, "criteria": as_json(choice.criteria)}


async def end_offers(
    tx: Transaction,
    ids: Sequence[UUID],
    outcome: OfferState,
    *,
    answered_by: str | None = None,
    reason: str | None = None,
    causes: Mapping[UUID, Received[Any] | None] | None = None,
) -> list[Record]:
    """End those of these offers, or of the offers of these stays, that are open, all in one way,
    and pass over who let one pass for a while; the caller has locked the sites and sees them all.
    Each row says at which site the seat is (`seat_at`). Publishes SeatAccepted, SeatDeclined,
    SeatOfferExpired or SeatOfferWithdrawn, with the cause of the stay."""
    rows = await tx.fetch(END, tx.now, ids, outcome, answered_by, reason)
    if rows and outcome in ("declined", "expired"):
        days = [waiting_policy(row["site_id"]).offer.again_after_days for row in rows]
        again = [tx.now + timedelta(days=number) for number in days]
        await tx.execute(ASK_NOT_BEFORE, [row["enrolment_id"] for row in rows], again)
    for row in rows:
        event = ENDED[outcome](**row, ended_at=tx.now)
        publish(tx, event, cause=(causes or {}).get(row["enrolment_id"]))
    return rows


def considered_json(choice: Choice) -> str:
    """All cohorts that were considered, as they are stored: id, rank of those that fit, place, and
    the number of its finding, as most of many cohorts have the same; findings name their criteria
    by number, too. Whom a client must not meet is told by GET /no-contacts alone."""
    ranks = {one.cohort.id: rank for rank, one in enumerate(choice.ranked, 1)}
    distinct = {id(one.finding): one.finding for one in choice.considered}
    numbers = {identity: number for number, identity in enumerate(distinct)}
    lines = [line for finding in distinct.values() for line in finding.criteria]
    told = {id(line): line for line in lines if line.name != UNTOLD}
    places = {identity: place for place, identity in enumerate(told)}
    findings, cohorts = [], []
    for finding in distinct.values():
        criteria = [places[id(line)] for line in finding.criteria if id(line) in places]
        said = {"eligible": finding.eligible, "words": finding.words}
        findings.append({**said, "criteria": criteria})
    for one in choice.considered:
        cohort, number = one.cohort, numbers[id(one.finding)]
        cohorts.append((str(cohort.id), ranks.get(cohort.id), cohort.place, number))
    stored = {"criteria": [vars(line) for line in told.values()]}
    return as_json({**stored, "findings": findings, "cohorts": cohorts})


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
