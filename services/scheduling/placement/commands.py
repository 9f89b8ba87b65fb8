"""Placing clients who enrolled, ending placements, offering free seats to those who wait, the most
urgent first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from services.scheduling.appointments.commands import cancel_sessions
from services.scheduling.placement.chart import (
    Arrival,
    Chart,
    Chosen,
    Freed,
    lock_region,
    waiting_at,
)
from services.scheduling.placement.policy import Finding, waiting_policy
from services.scheduling.placement.rules.values import Choice
from services.scheduling.placement.rules.waiting import urgency_of
from services.scheduling.placement.seats import end_offers, give_seats, make_offers
from shared.contracts.base import ClientEvent, Criterion
from shared.contracts.intake import DualDiagnosisChanged, LevelOfCareSigned, RiskFlagRaised
from shared.contracts.scheduling import ClientWaitlisted, EndedAs, PlacementEnded
from shared.database import Columns, Transaction, as_json, at_all_sites
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

WAITLISTED = Columns.by_type(
    uuid="id site_id client_id enrolment_id",
    boolean="dual_diagnosis",
    text="gender_group",
    integer="priority urgency",
    jsonb="criteria",
    timestamptz="enrolled_at waitlisted_at",
)
RETURNED = f"DO UPDATE SET {WAITLISTED.updates('id')}, left_at = NULL, outcome = NULL"
WAIT = WAITLISTED.insert("waitlist", f"ON CONFLICT (enrolment_id) {RETURNED}")
LEAVE = """
UPDATE waitlist w SET left_at = $1, outcome = d.outcome
FROM unnest($2::uuid[], $3::text[]) AS d(enrolment_id, outcome)
WHERE w.enrolment_id = d.enrolment_id AND w.left_at IS NULL
"""
END = """
UPDATE placements p SET ended_at = $1, end_reason = d.ended_as
FROM unnest($2::uuid[], $3::text[]) AS d(enrolment_id, ended_as)
WHERE p.enrolment_id = d.enrolment_id AND p.ended_at IS NULL
RETURNING p.id AS placement_id, p.client_id, p.site_id, p.enrolment_id, p.cohort_id, d.ended_as,
  'stepped_down' AS reason
"""
SEATED_AT = """
SELECT DISTINCT site_id FROM placements
WHERE enrolment_id = ANY ($1::uuid[]) AND ended_at IS NULL
"""
WAITING_AT = """
SELECT asked.client_id, w.site_id FROM unnest($1::uuid[]) AS asked(client_id)
JOIN waitlist w ON w.client_id = ANY (platform.records_of(asked.client_id)) AND w.left_at IS NULL
"""
DIAGNOSE = """
UPDATE waitlist w SET dual_diagnosis = told.dual_diagnosis
FROM unnest($1::uuid[], $2::boolean[]) AS told(client_id, dual_diagnosis)
WHERE w.client_id = ANY (platform.records_of(told.client_id)) AND w.left_at IS NULL
"""
WITHDRAW = """
DELETE FROM placements WHERE enrolment_id = ANY ($1::uuid[]) AND proposed_until IS NOT NULL
RETURNING site_id, enrolment_id
"""

FOUND = Columns.by_type(
    uuid="client_id site_id", text="finding", timestamptz="found_at", boolean="holds"
)
NOTE = FOUND.upsert("urgencies", "client_id", "finding")
FINDINGS = """
SELECT c.id, u.finding, max(u.found_at) AS found_at FROM unnest($1::uuid[]) AS c(id)
JOIN urgencies u ON u.client_id = ANY (platform.records_of(c.id)) AND u.holds
GROUP BY c.id, u.finding
"""
RANK = """
UPDATE waitlist w SET urgency = given.urgency
FROM unnest($1::uuid[], $2::integer[]) AS given(id, urgency)
WHERE w.client_id = given.id AND w.left_at IS NULL AND w.urgency <> given.urgency
"""
OF_POLICY = "waiting policy of the site"
BY_HAND = Criterion.of("seats", False, "offered by a person", "given at once", OF_POLICY)
"""Why everybody waits where a person chooses."""


@dataclass(frozen=True, slots=True)
class Reconsidered:
    """A client who waits at a site said something that may open a cohort, by that event."""

    site_id: UUID
    cause: Received[Any]


@dataclass(frozen=True, slots=True)
class Departure:
    """An enrolment that is over, and the event that says so."""

    enrolment_id: UUID
    site_id: UUID
    ended_as: EndedAs = "stepped_down"
    cause: Received[Any] | None = None


Change = Arrival | Departure | Reconsidered


async def change_seats(tx: Transaction, changes: Sequence[Change]) -> None:
    """End the placements of stays that are over; then give each client who enrolled a seat in the
    cohort that fits best, or a place on the waitlist, and offer free seats to those who wait where
    one was freed or somebody who waits is reconsidered.

    Who enrolled and who waits are placed together, by priority population and then by the time of
    enrolment, in whatever order they are given here. Publishes PlacementEnded and SessionCancelled,
    then ClientPlaced and SessionScheduled, or ClientWaitlisted. A stay that began and ended by the
    same changes is passed over; the end of one that is unknown here changes nothing.
    """
    departures = [one for one in changes if isinstance(one, Departure)]
    over = {one.enrolment_id for one in departures}
    arrived = [one for one in changes if isinstance(one, Arrival) and one.enrolment_id not in over]
    freed_by: Freed = {one.site_id: one.cause for one in changes if isinstance(one, Reconsidered)}
    seated_at = await tx.fetch(SEATED_AT, list(over)) if over else []
    await lock_region(tx, [one["site_id"] for one in seated_at] + [one.site_id for one in changes])
    if departures:
        freed_by = {**freed_by, **await _end_placements(tx, departures)}
    await offer_seats(tx, freed_by, arrived)


async def reconsider(tx: Transaction, received: Iterable[Received[Any]]) -> None:
    """Look at the end of the batch for seats of those clients of these events who wait: they may
    fit by what was told now, and nobody is to wait beside a free seat that fits."""
    causes = {one.event.client_id: one for one in received}
    for row in await tx.fetch(WAITING_AT, list(causes)):
        tx.at_end(change_seats, Reconsidered(row["site_id"], causes[row["client_id"]]))


async def note_diagnoses(tx: Transaction, changed: list[Received[DualDiagnosisChanged]]) -> None:
    """Whether those of these clients who wait need a cohort for a dual diagnosis from now on, and
    look for it as `reconsider` does."""
    told = [one.event for one in changed if one.event.status != "suspected"]
    diagnosed = {event.client_id: event.status == "confirmed" for event in told}
    await tx.execute(DIAGNOSE, list(diagnosed), list(diagnosed.values()))
    await reconsider(tx, changed)


async def note_flags(tx: Transaction, raised: Sequence[RiskFlagRaised]) -> None:
    """A risk flag makes a seat urgent, by its severity."""
    await _note(tx, [(one, f"risk_{one.severity}", one.raised_at, True) for one in raised])


async def note_levels(tx: Transaction, signed: Sequence[LevelOfCareSigned]) -> None:
    """A seat is urgent for a client who waits below the level of care that was recommended."""
    found = []
    for one in signed:
        above = waiting_policy(one.site_id).urgency.levels_above
        holds = one.recommended_level in above and one.final_level not in above
        found.append((one, "level_above", one.signed_at, holds))
    await _note(tx, found)


async def offer_seats(tx: Transaction, freed_by: Freed, arrivals: Sequence[Arrival] = ()) -> None:
    """Give or offer free seats to those who wait at the sites of `freed_by`, and give them to these
    clients, in one order: by priority population, urgency and the time of enrolment. Who comes and
    gets none waits; who waits is asked first where the site offers seats. Where a person chooses,
    everybody waits.

    The caller has locked the sites before it freed or opened seats. `freed_by` names those where it
    did, each with the event because of which a seat is free, if one is; it is the cause of what is
    published for those who waited. Whoever frees or opens them, those of other sites who may take
    them come in their turn.
    """
    async with at_all_sites(tx):
        await _offer_seats(tx, freed_by, arrivals)


async def _offer_seats(tx: Transaction, freed_by: Freed, arrivals: Sequence[Arrival]) -> None:
    await lock_region(tx, [*freed_by, *(one.site_id for one in arrivals)])
    waiting = await waiting_at(tx, freed_by, reaching=True) if freed_by else []
    if not waiting and not arrivals:
        return
    if arrivals:
        ranks = await _urgencies(tx, ((one.client_id, one.site_id) for one in arrivals))
        arrivals = [replace(one, urgency=ranks[one.client_id]) for one in arrivals]
    chart = await Chart.of(tx, {one.site_id for one in (*waiting, *arrivals)})

    def way(arrival: Arrival) -> str:
        seats = waiting_policy(arrival.site_id).seats
        return "at_once" if seats == "offered" and not arrival.waits else seats

    chosen: Chosen = []
    asked: Chosen = []
    for seats, run in groupby(sorted([*waiting, *arrivals], key=lambda one: one.turn), key=way):
        if seats == "by_hand":
            chosen += [(arrival, Choice(None, (), (BY_HAND,))) for arrival in run]
        elif seats == "offered":
            asked += [one for one in await chart.choose(tx, run) if one[1].cohort is not None]
        else:
            chosen += await give_seats(tx, chart, run)
    left = [one.enrolment_id for one, choice in chosen if one.waits and choice.cohort is not None]
    if left:
        await leave_waitlist(tx, left)
    if asked:
        await make_offers(tx, asked)
    if new := [(one, at) for one, at in chosen if not one.waits and at.cohort is None]:
        await _wait(tx, new)


async def leave_waitlist(tx: Transaction, seated: Sequence[UUID]) -> None:
    """These stays have a seat now and wait no more."""
    await tx.write(LEAVE, tx.now, seated, ["placed"] * len(seated))


async def _urgencies(tx: Transaction, clients: Iterable[tuple[UUID, UUID]]) -> dict[UUID, int]:
    """How urgent a seat is for each client, given with the site."""
    site_of = dict(clients)
    found: dict[UUID, dict[Finding, datetime]] = {}
    for row in await tx.fetch(FINDINGS, list(site_of)):
        found.setdefault(row["id"], {})[row["finding"]] = row["found_at"]
    ranks = {}
    for client_id, site_id in site_of.items():
        policy = waiting_policy(site_id).urgency
        since = tx.now - timedelta(days=policy.within_days)
        ranks[client_id] = urgency_of(found.get(client_id, {}), policy.order, since)
    return ranks


async def _end_placements(tx: Transaction, departures: Sequence[Departure]) -> Freed:
    """The sites where seats are free by it, each with the event because of which one is. Whoever
    is asked about a seat is asked no more."""
    leaving = {one.enrolment_id: one for one in departures}
    causes = {stay: one.cause for stay, one in leaving.items()}
    stays, words = list(leaving), [one.ended_as for one in leaving.values()]
    proposed = await tx.fetch(WITHDRAW, stays)
    ended = await tx.fetch(END, tx.now, stays, words)
    await tx.write(LEAVE, tx.now, stays, words)
    withdrawn = await end_offers(tx, stays, "withdrawn", causes=causes)
    for row in ended:
        publish(tx, PlacementEnded(**row, ended_at=tx.now), cause=causes[row["enrolment_id"]])
    if ended:
        because = {row["placement_id"]: causes[row["enrolment_id"]] for row in ended}
        await cancel_sessions(tx, because, {row["placement_id"]: row["ended_as"] for row in ended})
    seats = [(row["site_id"], row["enrolment_id"]) for row in (*proposed, *ended)]
    seats += [(row["seat_at"], row["enrolment_id"]) for row in withdrawn]
    return {site_id: causes[enrolment_id] for site_id, enrolment_id in seats}


async def _wait(tx: Transaction, unplaced: Chosen) -> None:
    rows = []
    for arrival, choice in unplaced:
        row = {name: getattr(arrival, name, None) for name, _ in WAITLISTED.types}
        row |= {"id": new_id(), "criteria": as_json(choice.criteria), "waitlisted_at": tx.now}
        rows.append(row)
        event = ClientWaitlisted(**{**row, "criteria": choice.criteria})
        publish(tx, event, cause=arrival.cause)
    await tx.write(WAIT, *WAITLISTED.arrays(rows))


async def _note(tx: Transaction, found: Sequence[tuple[ClientEvent, str, datetime, bool]]) -> None:
    """Keep what was found last of each kind, and rank those of these clients who wait anew."""
    latest = {}
    for event, finding, found_at, holds in found:
        what = {"finding": finding, "found_at": found_at, "holds": holds}
        latest[event.client_id, finding] = {**dict(event), **what}
    await tx.execute(NOTE, *FOUND.arrays(latest.values()))
    ranks = await _urgencies(tx, ((event.client_id, event.site_id) for event, *_ in found))
    await tx.execute(RANK, list(ranks), list(ranks.values()))
