"""Loading what a policy looks at, for many clients in one query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from services.outcomes.engagement.queries import OF_STAY
from services.outcomes.episodes.schemas import OfStay
from services.outcomes.step_down.policy import measures
from services.outcomes.step_down.rules.choice import Open
from services.outcomes.step_down.rules.figures import Facts, Figures, Goal, LatestScore, Risk
from shared.calendar import day_at
from shared.contracts.outcomes import RecommendationKind
from shared.database import Statement, Transaction

SCORES = """
SELECT jsonb_object_agg(s.instrument, jsonb_build_object('total', s.total, 'status', s.status,
  'safety_item', s.safety_item, 'answered_on', s.answered_on, 'version', s.instrument_version,
  'subscores', coalesce(s.subscores, '{{}}')))
FROM (SELECT DISTINCT ON (instrument) instrument, instrument_version, total, status, safety_item,
        subscores,
        (coalesce(answered_at, completed_at) AT TIME ZONE e.zone)::date AS answered_on
      FROM scores WHERE client_id = ANY (e.records)
        AND coalesce(answered_at, completed_at) > former.ended_at AND {which}
      ORDER BY instrument, coalesce(answered_at, completed_at) {order}, completed_at {order},
        screening_id {order}) s
"""
LATEST = SCORES.format(which="true", order="DESC")
BASELINE = SCORES.format(
    which="""(total IS NOT NULL OR status = 'complete')
        AND (coalesce(answered_at, completed_at) AT TIME ZONE e.zone)::date
          - (e.enrolled_at AT TIME ZONE e.zone)::date BETWEEN $1 AND $2""",
    order="ASC",
)
FORMER = """
  SELECT coalesce(max(least(f.ended_at, e.enrolled_at)), '-infinity') AS ended_at FROM episodes f
  WHERE f.client_id = ANY (e.records) AND f.enrolment_id <> e.enrolment_id
    AND f.ended_at IS NOT NULL AND f.enrolled_at <= e.enrolled_at
"""


def _cases(clients: str, figures: str) -> str:
    """The facts of `clients`, by their `figures`.

    Nothing of a former stay counts: figures are those of this one, and a score is of this one when
    it was answered after the end of the former.

    The latest score is the one answered last, whenever it was entered: a paper form may come late.
    Scores and former stays are those of the person, whichever record they were entered for; of a
    former stay that ended after this one began, only what came before this one is left out. The
    zone of a site that is not known yet is UTC.

    Whose stays they are is found first and by itself (OFFSET 0), so that all else is looked up for
    these few alone, and a person's records once. The clients come as a subquery, whose size the
    planner does not look into: one plan serves any number of them, as making it takes longer than
    running it.
    """
    return f"""
SELECT e.client_id, e.site_id, e.enrolment_id, e.level_of_care, e.records,
  (e.enrolled_at AT TIME ZONE e.zone)::date AS enrolled_on, e.zone AS time_zone,
  g.weeks_observed, g.sessions_attended, g.sessions_missed, g.sessions_excused,
  g.consecutive_missed, (g.window_until AT TIME ZONE e.zone)::date AS until,
  ({LATEST}) AS scores, ({BASELINE}) AS baselines,
  ARRAY(SELECT monday FROM short_weeks WHERE enrolment_id = e.enrolment_id AND is_short) AS short,
  (SELECT jsonb_agg(jsonb_build_array(severity, (raised_at AT TIME ZONE e.zone)::date))
   FROM risks WHERE client_id = ANY (e.records) AND state = 'raised') AS risks,
  ARRAY(SELECT used_on FROM substance_use_reports
        WHERE client_id = ANY (e.records) AND finding = 'use') AS uses,
  (SELECT jsonb_agg(jsonb_build_array(kind, state,
     (coalesce(closed_at, set_at) AT TIME ZONE e.zone)::date))
   FROM goals WHERE enrolment_id = e.enrolment_id) AS goals,
  r.*
FROM (
  SELECT e.*, coalesce(z.time_zone, 'UTC') AS zone, platform.records_of(e.client_id) AS records
  FROM episodes e LEFT JOIN sites z ON z.site_id = e.site_id
  WHERE e.ended_at IS NULL AND e.client_id = ANY (ARRAY(
    SELECT unnest(platform.records_of(c.id)) FROM {clients} AS c (id)
  ))
  OFFSET 0
) e
CROSS JOIN LATERAL ({FORMER}) former
LEFT JOIN {figures} g ON {OF_STAY}
CROSS JOIN LATERAL (
  SELECT (array_agg(id) FILTER (WHERE state = 'open'))[1] AS open_id,
    (array_agg(kind) FILTER (WHERE state = 'open'))[1] AS open_kind,
    (array_agg(criteria) FILTER (WHERE state = 'open'))[1] AS open_criteria,
    coalesce(array_agg(kind) FILTER (WHERE again_at > $3), '{{}}') AS paused,
    coalesce(bool_or(state = 'accepted' AND kind = 'step_down'), false) AS is_settled
  FROM recommendations WHERE enrolment_id = e.enrolment_id
) r
ORDER BY e.client_id
"""  # noqa: S608 - the parts are constants


CASES = _cases(clients="unnest((SELECT $4::uuid[]))", figures="engagement")
CHANGED = _cases(
    clients="(SELECT client_id FROM written)",
    figures="""LATERAL (
  SELECT * FROM written WHERE client_id = e.client_id
  UNION ALL
  SELECT * FROM engagement WHERE client_id = e.client_id
    AND NOT EXISTS (SELECT FROM written WHERE client_id = e.client_id)
)""",
)
"""Whose figures the write before it changes, by what it keeps."""


@dataclass(frozen=True, slots=True)
class Case:
    """A client in the program, as a policy sees them."""

    client_id: UUID
    records: Sequence[UUID]
    """All records of the person."""
    site_id: UUID
    enrolment_id: UUID
    level_of_care: str
    time_zone: str
    facts: Facts
    open_id: UUID | None
    open: Open | None
    paused: frozenset[RecommendationKind]
    is_settled: bool
    """A step-down was accepted: the stay is about to end."""

    @property
    def whose(self) -> dict[str, UUID]:
        """What an event says of whom it is about."""
        return {name: getattr(self, name) for name in OfStay.model_fields}


async def load_cases(tx: Transaction, clients: Iterable[UUID]) -> list[Case]:
    """The cases of those clients who are in the program, by any record of the same person."""
    rows = await tx.fetch(CASES, *_parameters(tx), list(clients))
    return [_case(row, tx.now) for row in rows]


async def load_changed(tx: Transaction, keep: Statement) -> list[Case]:
    """Keep figures, and the cases of whose figures that changes, as they are then."""
    rows = await tx.write_and_read(keep, (CHANGED, *_parameters(tx)))
    return [_case(row, tx.now) for row in rows]


def _parameters(tx: Transaction) -> tuple[int, int, datetime]:
    of = measures()
    return of.baseline_from_days, of.baseline_to_days, tx.now


def _case(row: Any, now: datetime) -> Case:
    made_of = frozenset(c["name"] for c in _list(row["open_criteria"]) if c["met"])
    opened = None if row["open_id"] is None else Open(row["open_kind"], made_of)
    return Case(
        client_id=row["client_id"],
        records=row["records"],
        site_id=row["site_id"],
        enrolment_id=row["enrolment_id"],
        level_of_care=row["level_of_care"],
        time_zone=row["time_zone"],
        facts=Facts(
            today=day_at(now, row["time_zone"]),
            enrolled_on=row["enrolled_on"],
            figures=figures_of(row),
            scores=_scores(row["scores"]),
            baselines=_scores(row["baselines"]),
            short_weeks=row["short"],
            risks=[Risk(severity, _day(on)) for severity, on in _list(row["risks"])],
            uses=row["uses"],
            goals=[Goal(kind, state, _day(on)) for kind, state, on in _list(row["goals"])],
        ),
        open_id=row["open_id"],
        open=opened,
        paused=frozenset(row["paused"]),
        is_settled=row["is_settled"],
    )


def figures_of(row: Any) -> Figures | None:
    """The engagement figures of a row, if it has any."""
    if row["weeks_observed"] is None:
        return None
    sessions = ("sessions_attended", "sessions_missed", "sessions_excused")
    names = ("weeks_observed", *sessions, "consecutive_missed", "until")
    return Figures(*(row[name] for name in names))


def _scores(text: str | None) -> dict[str, LatestScore]:
    known: dict[str, dict[str, Any]] = orjson.loads(text) if text else {}
    return {
        instrument: LatestScore(**{**score, "answered_on": _day(score["answered_on"])})
        for instrument, score in known.items()
    }


def _list(text: str | None) -> list[Any]:
    return orjson.loads(text) if text else []


def _day(text: str) -> date:
    return date.fromisoformat(text)
