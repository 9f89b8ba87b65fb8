"""Recommending to one client by the policy of the level, against its bare reads and writes.

Among 20,000 stays with a year of scores each. Ours is the transaction of a screening: the scores
are kept, the client's facts are loaded, every rule of every kind is decided and explained, and a
step-down is recommended with its event. The floor is a transaction that inserts as many rows of
the same sizes and reads the client's rows by their keys, having decided nothing.
"""

import statistics
import time
from typing import Any
from uuid import UUID, uuid4

from benchmarks.ground import SITE, ground
from benchmarks.measure import Row, in_turn
from services.outcomes.service import service
from shared import clock
from shared.contracts.intake import Score, ScreeningCompleted
from shared.database import ALL_SITES, Database
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from stepwell.runtime.disposable import Stack

STAYS = 20_000
CLIENTS = 100
GOAL_MS = 5
FILL = (
    "INSERT INTO sites (site_id, time_zone) VALUES ('{site}', 'America/Denver')",
    """
INSERT INTO episodes (enrolment_id, client_id, site_id, level_of_care, enrolled_at)
SELECT md5('stay' || n)::uuid, md5('client' || n)::uuid, '{site}', '2.1',
  '{now}'::timestamptz - interval '30 days' FROM generate_series(1, {stays}) AS n
""",
    """
INSERT INTO engagement (client_id, site_id, enrolment_id, attendance_sequence, source_sequence,
  window_from, window_until, sessions_attended, sessions_missed, sessions_excused, attended_minutes,
  missed_minutes, excused_minutes, consecutive_attended, consecutive_missed, weeks_observed)
SELECT client_id, site_id, enrolment_id, 12, 12, enrolled_at, '{now}', 11, 1, 0, 1815, 165,
  0, 6, 0, 4
FROM episodes
""",
    """
INSERT INTO scores (client_id, instrument, completed_at, screening_id, site_id, instrument_version,
  status, total, band, safety_item, answered_at)
SELECT client_id, i, at, md5(client_id::text || i || w)::uuid, site_id, '1.0', 'complete', 6,
  'mild', 'negative', at
FROM episodes, unnest(ARRAY['phq-9', 'gad-7']) AS i, generate_series(1, 26) AS w,
  LATERAL (SELECT '{now}'::timestamptz - w * interval '14 days' AS at) AS t
""",
    "CREATE TABLE bare_scores (LIKE scores INCLUDING DEFAULTS)",
    "CREATE TABLE bare_recommendations (id uuid, client_id uuid, criteria jsonb, at timestamptz)",
    "CREATE TABLE bare_events (id uuid, at timestamptz, payload jsonb)",
    "GRANT ALL ON bare_scores, bare_recommendations, bare_events TO PUBLIC",
    "ANALYZE",
)


async def run(stack: Stack) -> list[Row]:
    """Median milliseconds of a recommendation, and of its bare reads and writes, in turn."""
    at = await ground(stack, "outcomes")
    for statement in FILL:
        filled = statement.format(site=SITE, now=clock.now().isoformat(), stays=STAYS)
        await at.as_owner(f"SET stepwell.sites = '*'; {filled}")
    database = Database(at.database_url)
    await database.open()
    registry = Registry("outcomes", service.consumers)
    numbers = iter(range(1, STAYS))
    try:
        async with database.transaction(ALL_SITES) as tx:
            rows = await tx.fetch("SELECT client_id FROM episodes LIMIT $1", STAYS)
        clients: list[UUID] = [row["client_id"] for row in rows]

        async def ours() -> float:
            spent = [await one(database, registry, clients[next(numbers)]) for _ in range(CLIENTS)]
            return statistics.median(spent) * 1_000

        async def floor() -> float:
            spent = [await bare(database, clients[next(numbers)]) for _ in range(CLIENTS)]
            return statistics.median(spent) * 1_000

        values, floors = await in_turn(ours, floor)
        async with database.transaction(ALL_SITES) as tx:
            made = await tx.fetchval("SELECT count(*) FROM recommendations WHERE state = 'open'")
        assert made == CLIENTS * (len(values) + 1), "everybody was recommended to step down"
    finally:
        await database.close()
    value, least = round(statistics.median(values), 3), round(statistics.median(floors), 3)
    name = f"recommendation of one client among {STAYS:,} stays, p50"
    return [Row(name, value, "ms", least, None, GOAL_MS, "lower")]


async def one(database: Database, registry: Registry, client: UUID) -> float:
    """Seconds of the transaction that keeps a screening and recommends."""
    now = clock.now()
    given: dict[str, Any] = {"instrument_version": "1.0", "status": "complete", "band": "mild"}
    given |= {"positive": False, "safety_item": "negative", "answered_at": now, "total": 5}
    event = ScreeningCompleted(
        client_id=client,
        site_id=SITE,
        screening_id=uuid4(),
        occasion="follow_up",
        scores=[Score(instrument="phq-9", **given), Score(instrument="gad-7", **given)],
        completed_at=now,
    )
    name = event.type_name()
    received = [Received(event, str(uuid4()), "/bench", name, "intake", event.key, 1, now, None)]
    started = time.perf_counter()
    async with database.transaction(ALL_SITES) as tx:
        await registry.handle(tx, name, received)
    return time.perf_counter() - started


async def bare(database: Database, client: UUID) -> float:
    """Seconds of a transaction that reads and writes as much."""
    now = clock.now()
    text = '[{"criterion": "' + "at least 80 %, 91.7 % (11 of 12 sessions); " * 60 + '"}]'
    started = time.perf_counter()
    async with database.transaction(ALL_SITES) as tx:
        await tx.execute(
            "INSERT INTO bare_scores (client_id, instrument, completed_at, screening_id, site_id, "
            "instrument_version, status, total) SELECT $1, i, $2, $1, $3, '1.0', 'complete', 5 "
            "FROM unnest(ARRAY['phq-9', 'gad-7']) AS i",
            client,
            now,
            SITE,
        )
        await tx.fetch("SELECT * FROM episodes WHERE client_id = $1", client)
        await tx.fetch("SELECT * FROM engagement WHERE client_id = $1", client)
        await tx.fetch("SELECT * FROM scores WHERE client_id = $1", client)
        await tx.execute(
            "INSERT INTO bare_recommendations VALUES ($1, $2, $3, $4)", new_id(), client, text, now
        )
        await tx.execute("INSERT INTO bare_events VALUES ($1, $2, $3)", new_id(), now, text)
    return time.perf_counter() - started
