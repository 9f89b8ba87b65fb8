"""Keeping the measures of stays in line with what is known of them, and telling what became due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.outcomes.board.commands import tell
from services.outcomes.measures.policy import TOTAL, measure_policy
from services.outcomes.measures.rules.occasions import (
    Hold,
    Occasion,
    Stay,
    Value,
    next_change,
    occasions,
)
from services.outcomes.scores.queries import scores_of_stays
from shared.calendar import day_at, midnight
from shared.contracts.base import ClientEvent
from shared.contracts.intake import ClientMergeUndone, ClientsMerged, EpisodeStateChanged
from shared.contracts.outcomes import MeasureDue, MeasureOverdue
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import Columns, Transaction
from shared.ids import new_id

BATCH = 200
LOOK_AGAIN = """
UPDATE episodes SET measures_next_at = $2 WHERE client_id IN (
  SELECT unnest(platform.records_of(c.id)) FROM unnest((SELECT $1::uuid[])) AS c (id)
)
"""
LOOK_AGAIN_AT_SITES = """
UPDATE episodes SET measures_next_at = $2 WHERE site_id = ANY ($1) AND ended_at IS NULL
"""
TAKE = """
SELECT enrolment_id FROM episodes WHERE measures_next_at <= $1
ORDER BY measures_next_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
STAYS = """
SELECT e.enrolment_id, e.client_id, e.site_id, e.level_of_care, e.enrolled_at, e.ended_at,
  coalesce(z.time_zone, 'UTC') AS time_zone
FROM episodes e LEFT JOIN sites z ON z.site_id = e.site_id
WHERE e.enrolment_id = ANY ($1) ORDER BY e.client_id
"""
STATES_TOLD = Columns.by_type(
    uuid="enrolment_id client_id site_id", timestamptz="changed_at", text="state"
)
KEEP_STATES = STATES_TOLD.insert("stay_states", "ON CONFLICT DO NOTHING")
STATES = """
SELECT enrolment_id, state, changed_at FROM stay_states WHERE enrolment_id = ANY ($1)
ORDER BY enrolment_id, changed_at, state = 'on_hold'
"""
MEASURES = Columns.by_type(
    uuid="id client_id site_id enrolment_id",
    text="instrument state",
    date="planned_on due_on overdue_on until_on answered_on told_due_on told_overdue_on",
)
KNOWN = f"SELECT {MEASURES.names} FROM measures WHERE enrolment_id = ANY ($1)"  # noqa: S608 - ours
KEEP = MEASURES.upsert("measures", "id")
FORGET = "DELETE FROM measures WHERE id = ANY ($1)"
NEXT = """
UPDATE episodes e SET measures_next_at = given.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS given (enrolment_id, at)
WHERE e.enrolment_id = given.enrolment_id
"""
Known = Mapping[tuple[UUID, str, date], Mapping[str, Any]]


async def look_again(tx: Transaction, told: Iterable[ClientEvent]) -> None:
    """Something changed about these clients: the job looks at all their stays, by any record."""
    await tx.execute(LOOK_AGAIN, sorted({one.client_id for one in told}), tx.now)
    tx.wake()


async def look_again_at_both(
    tx: Transaction, told: Sequence[ClientsMerged] | Sequence[ClientMergeUndone]
) -> None:
    """As `look_again`, at records that became those of one person, or of two again."""
    both = {record for one in told for record in (one.client_id, one.merged_client_id)}
    await tx.execute(LOOK_AGAIN, sorted(both), tx.now)
    tx.wake()


async def look_again_at_sites(tx: Transaction, told: Sequence[SiteOpened | SiteChanged]) -> None:
    """The calendar of these sites changed: the job looks at the stays there that go on."""
    await tx.execute(LOOK_AGAIN_AT_SITES, sorted({site.site_id for site in told}), tx.now)
    tx.wake()


async def note_states(tx: Transaction, changed: Sequence[EpisodeStateChanged]) -> None:
    """Keep what state stays came to, for their holds; told twice it is kept once."""
    rows = ({**dict(one), "state": one.to_state} for one in changed)
    await tx.execute(KEEP_STATES, *STATES_TOLD.arrays(rows))
    await look_again(tx, changed)


async def refresh_due(tx: Transaction) -> int:
    """Bring the measures of stays up to date that are to be looked at; how many stays that were.

    Publishes MeasureDue and MeasureOverdue, once for each day that something is due, or overdue,
    on; of what was over before anybody looked nothing is told.
    """
    stays = [row["enrolment_id"] for row in await tx.fetch(TAKE, tx.now, BATCH)]
    if not stays:
        return 0
    known = {_key(row): dict(row) for row in await tx.fetch(KNOWN, stays)}
    scores: dict[UUID, dict[str, list[Value]]] = {}
    for score in await scores_of_stays(tx, stays):
        value = Value(score.answered_on, {TOTAL: score.total, **score.subscores})
        scores.setdefault(score.enrolment_id, {}).setdefault(score.instrument, []).append(value)
    holds = await _holds(tx, stays)
    rows: list[dict[str, Any]] = []
    next_at: dict[UUID, datetime | None] = {}
    for stay in await tx.fetch(STAYS, stays):
        stay_id, zone = stay["enrolment_id"], stay["time_zone"]
        today = day_at(tx.now, zone)
        found = occasions(
            measure_policy(stay["site_id"]),
            _stay(stay, holds.get(stay_id, ())),
            scores.get(stay_id, {}),
            today,
        )
        rows.extend(_told(tx, stay, one, known) for one in found)
        change_on = next_change(found, today)
        next_at[stay_id] = None if change_on is None else midnight(change_on, zone)
    kept = {_key(row): row for row in rows}
    changed = [row for key, row in kept.items() if known.get(key) != row]
    await tx.execute(KEEP, *MEASURES.arrays(changed))
    await tx.execute(FORGET, [row["id"] for key, row in known.items() if key not in kept])
    await tx.execute(NEXT, list(next_at), list(next_at.values()))
    return len(stays)


async def _holds(
    tx: Transaction, stays: Sequence[UUID]
) -> dict[UUID, list[tuple[datetime, datetime | None]]]:
    """From when to when each stay was on hold."""
    holds: dict[UUID, list[tuple[datetime, datetime | None]]] = {}
    for row in await tx.fetch(STATES, stays):
        of_it = holds.setdefault(row["enrolment_id"], [])
        lasting = bool(of_it) and of_it[-1][1] is None
        if row["state"] == "on_hold" and not lasting:
            of_it.append((row["changed_at"], None))
        elif row["state"] != "on_hold" and lasting:
            of_it[-1] = (of_it[-1][0], row["changed_at"])
    return holds


def _stay(row: Any, holds: Iterable[tuple[datetime, datetime | None]]) -> Stay:
    zone = row["time_zone"]
    return Stay(
        level_of_care=row["level_of_care"],
        enrolled_on=day_at(row["enrolled_at"], zone),
        ended_on=row["ended_at"] and day_at(row["ended_at"], zone),
        holds=tuple(
            Hold(day_at(since, zone), until and day_at(until, zone))
            for since, until in holds
            if until is None or day_at(since, zone) < day_at(until, zone)
        ),
    )


def _told(tx: Transaction, stay: Any, one: Occasion, known: Known) -> dict[str, Any]:
    """The row of an occasion; what is due or overdue and was not told of that day is told now."""
    row = known.get((stay["enrolment_id"], one.instrument, one.planned_on), {})
    told_due_on, told_overdue_on = row.get("told_due_on"), row.get("told_overdue_on")
    of_it = {
        **{name: stay[name] for name in ("client_id", "site_id", "enrolment_id")},
        **asdict(one),
    }
    if one.state in ("due", "overdue") and told_due_on != one.due_on:
        tell(tx, MeasureDue(**of_it))
        told_due_on = one.due_on
    if one.state == "overdue" and told_overdue_on != one.overdue_on:
        tell(tx, MeasureOverdue(**of_it))
        told_overdue_on = one.overdue_on
    told = {"told_due_on": told_due_on, "told_overdue_on": told_overdue_on}
    return {"id": row.get("id") or new_id(), **of_it, **told}


def _key(row: Any) -> tuple[UUID, str, date]:
    return row["enrolment_id"], row["instrument"], row["planned_on"]
