"""Loading what measures count: stays, referrals and surveys, with the groups they belong to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

import orjson
from asyncpg import Record

from services.outcomes.directory.schemas import Area
from services.outcomes.follow_up.queries import STATE
from services.outcomes.measures.policy import TOTAL, measure_policy
from services.outcomes.measures.queries import points_of
from services.outcomes.measures.rules.change import Direction, reliable_change
from services.outcomes.programs.policy import ProgramMeasure
from services.outcomes.programs.rules.facts import Case, Period, Referral, Sessions, Stay, Survey
from services.outcomes.programs.rules.measures import kind_of
from services.outcomes.scores.queries import StayScore, scores_of_stays
from shared.database import Transaction, planned_each

ZONE = "coalesce(z.time_zone, 'UTC')"
OF_STAY = """
a.client_id = e.client_id AND (a.enrolment_id = e.enrolment_id OR (a.enrolment_id IS NULL
  AND a.starts_at >= e.enrolled_at AND (e.ended_at IS NULL OR a.starts_at <= e.ended_at)))
"""
"""Whether attendance is of a stay; what names no stay is of the one in whose time it lies."""
GROUPS = "z.region_id, c.cohort_id, e.level_of_care, e.dual_diagnosis, e.gender_group, e.age_band"
HERE = """
($1::uuid IS NULL OR e.site_id = $1) AND ($2::uuid IS NULL OR z.region_id = $2)
"""
STAYS = f"""
SELECT e.enrolment_id AS id, e.client_id, e.site_id, {GROUPS},
  ($5::timestamptz AT TIME ZONE {ZONE})::date AS today,
  (e.enrolled_at AT TIME ZONE {ZONE})::date AS enrolled_on,
  (e.ended_at AT TIME ZONE {ZONE})::date AS ended_on, e.ended_as, e.end_reason {{reads}}
FROM episodes e LEFT JOIN sites z ON z.site_id = e.site_id
LEFT JOIN program_cohorts c ON c.enrolment_id = e.enrolment_id
WHERE {HERE} AND e.enrolled_at < $4 AND (e.ended_at IS NULL OR e.ended_at >= $3)
"""  # noqa: S608 - constants only
OF_STAYS = {
    "attended_on": f"""ARRAY(SELECT DISTINCT a.held_on FROM program_attendance a
  WHERE {OF_STAY} AND a.outcome = 'attended' ORDER BY 1)""",  # noqa: S608 - ours
    "returned_on": f"""(SELECT min((n.enrolled_at AT TIME ZONE {ZONE})::date) FROM episodes n
  WHERE n.client_id = ANY (platform.records_of(e.client_id))
    AND n.enrolled_at >= e.ended_at AND n.enrolment_id <> e.enrolment_id)""",  # noqa: S608 - ours
}
"""What only some measures read of a stay."""
SESSIONS = f"""
SELECT e.enrolment_id, date_trunc('month', a.held_on)::date AS month,
  count(*) FILTER (WHERE a.outcome = 'attended')::int AS attended,
  count(*) FILTER (WHERE a.outcome = 'missed')::int AS missed,
  count(*) FILTER (WHERE a.outcome = 'excused')::int AS excused,
  sum(a.attended_minutes)::int AS attended_minutes
FROM episodes e JOIN program_attendance a ON {OF_STAY}
WHERE e.enrolment_id = ANY ($1) AND a.outcome <> 'not_counted'
  AND a.held_on >= $2 AND a.held_on < $3
GROUP BY 1, 2
"""  # noqa: S608 - constants only
REFERRALS = f"""
SELECT r.referral_id AS id, r.client_id, r.site_id, z.region_id, c.cohort_id, e.level_of_care,
  e.dual_diagnosis, e.gender_group, e.age_band,
  ($5::timestamptz AT TIME ZONE {ZONE})::date AS today,
  (r.received_at AT TIME ZONE {ZONE})::date AS received_on, r.state, r.reason,
  CASE WHEN r.reason IS NOT NULL THEN (r.changed_at AT TIME ZONE {ZONE})::date END AS ended_on
  {{reads}}
FROM program_referrals r LEFT JOIN sites z ON z.site_id = r.site_id
CROSS JOIN LATERAL (SELECT platform.records_of(r.client_id) AS records OFFSET 0) AS p
CROSS JOIN LATERAL (
  SELECT coalesce(min(n.received_at), 'infinity') AS next_at FROM (
    SELECT received_at, referral_id FROM program_referrals
    WHERE client_id = ANY (p.records) OFFSET 0  -- or all later referrals would be looked at
  ) AS n WHERE (n.received_at, n.referral_id) > (r.received_at, r.referral_id)
) AS f
LEFT JOIN LATERAL (
  SELECT * FROM episodes e WHERE e.client_id = ANY (p.records) AND e.enrolled_at >= r.received_at
    AND e.enrolled_at < f.next_at
  ORDER BY e.enrolled_at, e.enrolment_id LIMIT 1
) AS e ON true
LEFT JOIN program_cohorts c ON c.enrolment_id = e.enrolment_id
WHERE ($1::uuid IS NULL OR r.site_id = $1) AND ($2::uuid IS NULL OR z.region_id = $2)
  AND r.received_at >= $3 AND r.received_at < $4
"""  # noqa: S608 - constants only
OF_REFERRALS = {
    "served_before_on": """(SELECT max(a.held_on) FROM program_attendance a
  WHERE a.client_id = ANY (p.records) AND a.outcome = 'attended'
    AND a.starts_at < r.received_at)""",
    "attended_on": """ARRAY(SELECT DISTINCT a.held_on FROM program_attendance a
  WHERE a.client_id = ANY (p.records) AND a.outcome = 'attended' AND a.starts_at >= r.received_at
    AND a.starts_at < f.next_at ORDER BY 1)""",
}
"""What only some measures read of a referral. A session of a person belongs to the latest referral
that was received before it began."""
SURVEYS = f"""
SELECT f.id, f.client_id, f.site_id, {GROUPS},
  ($5::timestamptz AT TIME ZONE {ZONE})::date AS today, f.days, f.due_on, f.closes_on,
  {STATE} AS state, f.answers
FROM follow_ups f JOIN episodes e ON e.enrolment_id = f.enrolment_id
LEFT JOIN sites z ON z.site_id = e.site_id
LEFT JOIN program_cohorts c ON c.enrolment_id = e.enrolment_id
WHERE {HERE} AND f.due_on >= $3::timestamptz::date AND f.due_on < $4::timestamptz::date
"""  # noqa: S608 - constants only
C = TypeVar("C", bound=Case)
MARGIN = timedelta(days=1)
"""A day at a site begins and ends less than so long before or after it does in UTC."""


@dataclass(frozen=True, slots=True)
class Scope(Area):
    """Which of the caller's sites are asked for."""

    def holds(self, case: Case) -> bool:
        """Whether the case is of them."""
        return self.site_id in (None, case.site_id) and self.region_id in (None, case.region_id)


async def load_cases(
    tx: Transaction, measure: ProgramMeasure, scope: Scope, period: Period
) -> Sequence[Case]:
    """All cases that a measure may count in the period, in the order of their ids.

    Rows that lie a little outside are among them: who counts decides by days at the site.
    """
    first, until = (
        datetime.combine(day, time(), UTC) + margin
        for day, margin in ((period.first, -MARGIN), (period.until, MARGIN))
    )
    given = (scope.site_id, scope.region_id, first, until, tx.now)
    kind = kind_of(measure)
    if kind.of is Referral:
        rows = await tx.fetch(_reading(REFERRALS, OF_REFERRALS, kind.reads), *given)
        return _in_order(Referral(**row) for row in rows)
    if kind.of is Survey:
        return _in_order(_survey(row) for row in await tx.fetch(SURVEYS, *given))
    rows = await tx.fetch(_reading(STAYS, OF_STAYS, kind.reads), *given)
    if measure.kind == "attendance":
        sessions = await _sessions(tx, rows, period)
        return _in_order(Stay(**row, sessions=sessions[row["id"]]) for row in rows)
    if measure.instrument is not None:
        ended = [row for row in rows if row["ended_on"] in period]
        scores = await _scores(tx, ended, measure.instrument)
        return _in_order(
            Stay(**row, changed=_changed(row, scores[row["id"]], measure)) for row in ended
        )
    return _in_order(Stay(**row) for row in rows)


def _reading(query: str, columns: Mapping[str, str], reads: Sequence[str]) -> str:
    return query.format(reads="".join(f", {columns[name]} AS {name}" for name in reads))


def _in_order(cases: Iterable[C]) -> list[C]:
    """By their ids: what is hidden of equal numbers is the same each time."""
    return sorted(cases, key=lambda case: case.id)


async def _sessions(
    tx: Transaction, stays: Sequence[Record], period: Period
) -> Mapping[UUID, Sequence[Sessions]]:
    """What became of the sessions of each stay, by the months of the period."""
    ids = [stay["id"] for stay in stays]
    found: defaultdict[UUID, list[Sessions]] = defaultdict(list)
    async with planned_each(tx):
        rows = await tx.fetch(SESSIONS, ids, period.first, period.until)
    for stay, *month in rows:
        found[stay].append(Sessions(*month))
    return found


async def _scores(
    tx: Transaction, stays: Sequence[Record], instrument: str
) -> Mapping[UUID, Sequence[StayScore]]:
    """The scores of each stay, those answered first before the others."""
    found: defaultdict[UUID, list[StayScore]] = defaultdict(list)
    for score in await scores_of_stays(tx, [stay["id"] for stay in stays], instrument):
        found[score.enrolment_id].append(score)
    return found


def _changed(
    stay: Record, scores: Sequence[StayScore], measure: ProgramMeasure
) -> Direction | None:
    """The reliable change of the instrument in a stay, by the measure policy of its site."""
    policy = measure_policy(stay["site_id"])
    if not scores or measure.reliable_change_in(policy) is None:
        return None
    latest, key = scores[-1], measure.series or TOTAL
    same = [one for one in scores if one.instrument_version == latest.instrument_version]
    points, baseline = points_of(policy, stay["enrolled_on"], key, same)
    if baseline is None or points[-1] is baseline:
        return None
    series = policy.measures[latest.instrument].series[key]
    return reliable_change(series, baseline.value, points[-1].value)[0]


def _survey(row: Any) -> Survey:
    answers = orjson.loads(row["answers"]) if row["answers"] else {}
    return Survey(**{**dict(row), "answers": answers})
