"""The board of a region of 40 sites after five years, against counting its open rows alone.

A caller with a token for these 40 sites, one after the other: the query, its figures and its JSON.
"""

import statistics
import time
from uuid import UUID

from benchmarks.ground import Ground, connection, ground
from benchmarks.measure import Row, in_turn
from services.outcomes.board.queries import show_board
from services.outcomes.directory.schemas import Area
from shared import clock
from shared.database import Database, Sites, Transaction
from stepwell.runtime.disposable import Stack

SITES, WEEKS, CLIENTS, SEATS = 40, 260, 42, 10
"""Clients at a time of a site, and their seats in sessions a week: a dedicated site has 40 to 45
clients with about 9.5 seats a week. 4.4 million seats in all."""
QUERIES = 20
GOAL_MS = 30.0
REGION = f"""
SET stepwell.sites = '*';
CREATE FUNCTION named(text) RETURNS uuid LANGUAGE sql AS 'SELECT md5($1)::uuid';
CREATE TABLE stays AS
SELECT s, w, c, named('site ' || s) AS site_id,
  named(s || ' client ' || c || ' ' || w) AS client_id,
  named(s || ' stay ' || c || ' ' || w) AS enrolment_id,
  named(s || ' cohort ' || 1 + c % 5) AS cohort_id,
  timestamptz '{{noon}}' - make_interval(weeks => {WEEKS} - 8 * w, days => c % 20) AS at
FROM generate_series(1, {WEEKS} / 8) w, generate_series(1, {SITES}) s, generate_series(1, 50) c;
INSERT INTO sites (site_id, time_zone, region_id)
SELECT DISTINCT site_id, (ARRAY['America/Denver', 'America/Chicago'])[1 + s % 2], named('region')
FROM stays;
INSERT INTO board_cohorts SELECT DISTINCT cohort_id, site_id, 12, 1 FROM stays;
INSERT INTO board_facts (kind, subject, client_id, site_id, enrolment_id, cohort_id, state, open,
  since, sequence)
SELECT 'session', named(s || ' ' || v || ' ' || n || ' ' || c / 8), client_id, site_id,
  enrolment_id, cohort_id, CASE WHEN v = {WEEKS} THEN 'expected'
  WHEN (c + v + n) % 5 = 0 THEN 'missed'
  ELSE 'came' END, v = {WEEKS},
  timestamptz '{{noon}}' - make_interval(weeks => {WEEKS} - v, days => n % 5, hours => n / 5),
  v * 20 + n
FROM stays JOIN generate_series(1, {WEEKS}) v ON least((v + 7) / 8, {WEEKS} / 8) = w,
  generate_series(0, {SEATS} - 1) n WHERE c <= {CLIENTS};
INSERT INTO board_facts (kind, subject, client_id, site_id, enrolment_id, cohort_id, state, open,
  since, until, sequence)
SELECT kind, named(s || ' ' || kind || ' ' || c || ' ' || w), client_id, site_id, enrolment_id,
  cohort_id, state, w = {WEEKS} / 8 AND share > c, at, at + interval '30 days', 1
FROM stays, (VALUES ('stay', 'active', 45), ('seat', 'taken', 42), ('wait', 'waiting', 5),
  ('offer', 'offered', 3), ('referral', 'received', 12), ('flag', 'high', 3)
) AS k (kind, state, share);
INSERT INTO board_facts (kind, subject, client_id, part, site_id, enrolment_id, state, open, since,
  sequence)
SELECT 'hours', enrolment_id, client_id, to_char(told, 'IYYY"-W"IW'), site_id, enrolment_id,
  'short', true, told, 1
FROM stays JOIN generate_series(1, {WEEKS}) v ON least((v + 7) / 8, {WEEKS} / 8) = w, LATERAL (
  SELECT timestamptz '{{noon}}' - make_interval(weeks => {WEEKS} - v)
) AS a (told) WHERE c <= 8;
INSERT INTO platform.merges
SELECT named('merge ' || n), client_id, named('other ' || n), at, NULL
FROM (SELECT *, row_number() OVER () AS n FROM stays LIMIT 400) AS few;
ANALYZE board_facts; ANALYZE board_cohorts; ANALYZE sites; ANALYZE platform.merges
"""
FLOOR = """
SELECT kind, state, count(*) FROM board_facts
WHERE site_id = ANY ($1) AND open AND kind <> 'session' AND kind <> 'hours' GROUP BY kind, state
"""


async def run(stack: Stack) -> list[Row]:
    """Median milliseconds of the board, with the floor beside it."""
    at = await ground(stack, "outcomes")
    sites = await region(at)
    database = Database(at.database_url)
    await database.open()
    try:

        async def board(tx: Transaction) -> str:
            return (await show_board(tx, Area())).model_dump_json()

        async def shown() -> float:
            return await median_ms(database, sites, board)

        async def counted() -> float:
            return await median_ms(database, "*", lambda tx: tx.fetch(FLOOR, list(sites)))

        values, floors = await in_turn(shown, counted, rounds=3)
        return [
            Row(
                "board: 40 sites after five years, p50",
                round(statistics.median(values), 2),
                "ms",
                round(statistics.median(floors), 2),
                None,
                GOAL_MS,
                "lower",
            )
        ]
    finally:
        await database.close()


async def region(at: Ground) -> frozenset[UUID]:
    """Fill a database of outcomes with the region; its sites."""
    noon = clock.now().replace(hour=18, minute=0)
    await at.as_owner(REGION.replace("{noon}", noon.isoformat()))
    async with connection(at.database_url) as own:
        await own.execute("SET stepwell.sites = '*'")
        return frozenset(row["site_id"] for row in await own.fetch("SELECT site_id FROM sites"))


async def median_ms(database: Database, sites: Sites, work: object) -> float:
    """Median milliseconds of a transaction at these sites, one after the other."""
    times = []
    for _ in range(QUERIES):
        began = time.perf_counter()
        await database.run(sites, work)  # type: ignore[arg-type]  # either of the two above
        times.append((time.perf_counter() - began) * 1_000)
    return statistics.median(times)
