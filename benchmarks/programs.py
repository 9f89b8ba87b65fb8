"""Program measures of a year at 40 sites, with five years of history, against the same with one.

The query, its figures by groups, the hiding of small cells and the JSON; the floor is to count the
attendance of the year by site alone.
"""

import statistics
import time
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from benchmarks.ground import ground
from benchmarks.measure import Row, in_turn
from services.outcomes.programs.loading import Scope
from services.outcomes.programs.queries import summarize
from services.outcomes.programs.rules.facts import Period
from services.outcomes.programs.schemas import By
from shared import clock
from shared.database import Database, Transaction
from shared.process import collect_rarely
from stepwell.runtime.disposable import Stack

SITES, YEARS, CLIENTS = 40, 5, 42
"""Clients at a time of a site; a stay lasts eight weeks, with four sessions in each."""
ASKED: tuple[tuple[str, By], ...] = (
    ("census", "month"),
    ("days_to_first_service", "month"),
    ("engagement", "site"),
    ("attendance", "site"),
    ("retention", "site"),
    ("completion", "age_band"),
    ("phq_9_change", "cohort"),
    ("returned_90", "month"),
)
"""Measures of each way of loading, with groups."""
GOAL_MS = 1_000.0
WARM_UP = 3
"""With the rounds that are measured each is asked more than five times on one connection, after
which a server may plan otherwise."""
HISTORY = f"""
SET stepwell.sites = '*';
CREATE OR REPLACE FUNCTION named(text) RETURNS uuid LANGUAGE sql AS 'SELECT md5($1)::uuid';
CREATE TEMPORARY TABLE stays AS
SELECT s, c, w, named('site ' || s) AS site_id, named(s || ' ' || c || ' ' || w) AS enrolment_id,
  named(s || ' client ' || c || ' ' || w - w % 4) AS client_id,
  timestamptz '{{noon}}' - make_interval(weeks => 8 * (w + 1), days => c % 20) AS at
FROM generate_series(0, {{weeks}} / 8 - 1) w, generate_series(1, {SITES}) s,
  generate_series(1, {CLIENTS}) c;
INSERT INTO sites (site_id, time_zone, region_id)
SELECT DISTINCT site_id, (ARRAY['America/Denver', 'America/Chicago'])[1 + s % 2], named('region')
FROM stays ON CONFLICT DO NOTHING;
INSERT INTO episodes (enrolment_id, client_id, site_id, level_of_care, enrolled_at, ended_at,
  ended_as, dual_diagnosis, gender_group, age_band)
SELECT enrolment_id, client_id, site_id, '2.1', at, CASE WHEN w > 0 OR c % 20 > 10
    THEN least(at + make_interval(weeks => 2 + c % 6, days => c % 7), timestamptz '{{noon}}') END,
  (ARRAY['completed', 'stepped_down', 'lost', 'left_against_advice'])[1 + (c + w) % 4],
  c % 3 = 0, (ARRAY['women', 'men'])[1 + c % 2], (ARRAY['young_adult', 'adult'])[1 + c % 2]
FROM stays;
INSERT INTO program_cohorts
SELECT enrolment_id, client_id, site_id, named(s || ' cohort ' || c % 5), at FROM stays;
INSERT INTO program_referrals
SELECT named('referral ' || enrolment_id), client_id, site_id, at - interval '5 days',
  'accepted', NULL, at FROM stays;
INSERT INTO program_attendance
SELECT client_id, named(enrolment_id || ' ' || n), site_id, enrolment_id,
  at + make_interval(days => n * 7 / 4), (at + make_interval(days => n * 7 / 4))::date,
  CASE WHEN (c + n) % 6 = 0 THEN 'missed' ELSE 'attended' END, 165 * ((c + n) % 6 <> 0)::int, n
FROM stays, generate_series(0, 31) n;
INSERT INTO scores (client_id, site_id, screening_id, completed_at, instrument,
  instrument_version, status, total, answered_at)
SELECT client_id, site_id, named(enrolment_id || i || n), at + make_interval(weeks => 2 * n), i,
  '1.0', 'complete', greatest(18 - (c % 5) * n, 0), at + make_interval(weeks => 2 * n)
FROM stays, generate_series(0, 3) n, unnest(ARRAY['phq-9', 'gad-7', 'craving-nrs']) i;
INSERT INTO platform.merges
SELECT named('merge ' || client_id), client_id, named('other ' || client_id), at, NULL
FROM stays WHERE c = 7 AND w % 4 = 0 ON CONFLICT DO NOTHING
"""
FLOOR = """
SELECT site_id, outcome, count(*), sum(attended_minutes) FROM program_attendance
WHERE held_on >= $1 AND held_on < $2 GROUP BY 1, 2
"""


async def run(stack: Stack) -> list[Row]:
    """Milliseconds of the slowest measure with five years, and how much slower than with one."""
    collect_rarely()  # as a service does
    of_one, sites = await _region(stack, 1)
    of_all, _ = await _region(stack, YEARS)
    try:
        for _ in range(WARM_UP):
            await slowest_ms(of_all, sites)
            await slowest_ms(of_one, sites)
        values, short = await in_turn(
            lambda: slowest_ms(of_all, sites), lambda: slowest_ms(of_one, sites), rounds=3
        )
        floors = [await _counted_ms(of_all) for _ in values]
        most, counted = statistics.median(values), statistics.median(floors)
        against = [value / other for value, other in zip(values, short, strict=True)]
        return [
            Row(
                f"program measures: a year of {SITES} sites, the slowest",
                round(most),
                "ms",
                round(counted, 1),
                None,
                GOAL_MS,
                "lower",
            ),
            Row(
                f"program measures: with {YEARS} years against one",
                round(most),
                "ms",
                round(statistics.median(short)),
                round(statistics.median(against), 2),
                1.3,
                "lower",
            ),
        ]
    finally:
        await of_one.close()
        await of_all.close()


async def slowest_ms(database: Database, sites: frozenset[UUID]) -> float:
    """Milliseconds of the measure that takes longest."""
    times = []
    for measure, by in ASKED:
        began = time.perf_counter()
        await database.run(sites, partial(_asked, measure=measure, by=by))
        times.append((time.perf_counter() - began) * 1_000)
    return max(times)


async def _asked(tx: Transaction, measure: str, by: By) -> str:
    return (await summarize(tx, measure, Scope(), _year(), by)).model_dump_json()


async def _counted_ms(database: Database) -> float:
    year = _year()
    began = time.perf_counter()
    await database.run("*", lambda tx: tx.fetch(FLOOR, year.first, year.until))
    return (time.perf_counter() - began) * 1_000


async def _region(stack: Stack, years: int) -> tuple[Database, frozenset[UUID]]:
    at = await ground(stack, "outcomes")
    noon = clock.now().replace(hour=18, minute=0)
    made = HISTORY.replace("{noon}", noon.isoformat()).replace("{weeks}", str(52 * years))
    await at.as_owner(made)
    await at.as_owner("VACUUM (ANALYZE)")
    database = Database(at.database_url)
    await database.open()
    rows = await database.run("*", lambda tx: tx.fetch("SELECT site_id FROM sites"))
    return database, frozenset(row["site_id"] for row in rows)


def _year() -> Period:
    """The twelve months up to and with this one."""
    until = (clock.now().date().replace(day=1) + timedelta(days=32)).replace(day=1)
    return Period(date(until.year - 1, until.month, 1), until)
