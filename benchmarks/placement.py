"""Placing one enrolled client where 400 cohorts are in reach, against its bare writes.

The cohorts have three sessions a week for twelve weeks, rules on age, language and gender, and some
are full. The client said when to come. Ours is the transaction of the event: what is known of the
client, every cohort compared and explained, seat, appointments, bookings and events. The floor is a
transaction that writes rows of the same kinds and sizes with one statement a table.
"""

import random
import statistics
import time
from datetime import time as clock_time
from datetime import timedelta
from typing import Any
from uuid import uuid4

from benchmarks.ground import SITE, ground
from benchmarks.measure import Row, in_turn
from services.scheduling.service import service
from shared import clock
from shared.contracts.intake import AvailableTime, ClientEnrolled, PreferencesChanged
from shared.database import ALL_SITES, Database, Transaction
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.handlers import Registry
from stepwell.runtime.disposable import Stack

COHORTS = 400
WEEKS = 12
CLIENTS = 60
GOAL_MS = 15
FILL = """
INSERT INTO sites (id, name, time_zone, opened_at) VALUES ($1, 'North', 'America/Denver', $2);
"""
COHORT = """
INSERT INTO cohorts (id, site_id, name, track, gender_group, capacity, dual_diagnosis_trained,
  eligibility, phases, created_at) VALUES ($1, $2, $3, $4, $5, $6, true, $7, $8, $9)
"""
CURRICULUM = """
INSERT INTO curricula (id, site_id, cohort_id, starts_on, weeks, slots, sessions, first_starts_at,
  last_ends_at, weekly_minutes, created_at)
VALUES ($1, $2, $3, $4, 12, '[]', 36, $5, $5, 495, $5)
"""
SESSION = """
INSERT INTO sessions (id, site_id, cohort_id, curriculum_id, starts_at, ends_at, time_zone, kind,
  topic, break_minutes) VALUES ($1, $2, $3, $4, $5, $6, 'America/Denver', 'group', 'Skills', 15)
"""
TAKEN = """
INSERT INTO placements (id, site_id, client_id, enrolment_id, cohort_id, criteria, considered,
  placed_at) VALUES ($1, $2, $3, $4, $5, '[]', '[]', $6)
"""
PHASES = (
    '[{"name": "Phase 1", "weeks": 8, "minimum_minutes": 540, "maximum_minutes": 720,'
    ' "minimum_days": 3}]'
)
BARE = """
CREATE TABLE bare_placements (LIKE placements INCLUDING DEFAULTS);
CREATE TABLE bare_appointments (LIKE appointments INCLUDING DEFAULTS);
CREATE TABLE bare_bookings (LIKE bookings INCLUDING DEFAULTS);
CREATE TABLE bare_events (id uuid, at timestamptz, payload jsonb);
GRANT ALL ON bare_placements, bare_appointments, bare_bookings, bare_events TO PUBLIC
"""


async def run(stack: Stack) -> list[Row]:
    """Median milliseconds of a placement, and of its bare writes, in turn."""
    at = await ground(stack, "scheduling")
    await at.as_owner(BARE)
    database = Database(at.database_url)
    await database.open()
    registry = Registry("scheduling", service.consumers)
    try:
        async with database.transaction(ALL_SITES) as tx:
            await fill(tx)
        await at.as_owner("VACUUM ANALYZE")  # as the server does by itself after some minutes

        async def ours() -> float:
            return await p50([await one_placed(database, registry) for _ in range(CLIENTS)])

        async def floor() -> float:
            return await p50([await bare(database) for _ in range(CLIENTS)])

        values, floors = await in_turn(ours, floor)
        async with database.transaction(ALL_SITES) as tx:
            await check(tx)
    finally:
        await database.close()
    name = f"placement among {COHORTS} cohorts, p50"
    value, least = round(statistics.median(values), 3), round(statistics.median(floors), 3)
    return [Row(name, value, "ms", least, None, GOAL_MS, "lower")]


async def fill(tx: Transaction) -> None:
    """A site with its cohorts, their sessions and those who have seats."""
    chance = random.Random(11)
    await tx.execute(FILL.strip().rstrip(";"), SITE, tx.now)
    monday = (tx.now + timedelta(days=8 - tx.now.isoweekday())).replace(
        minute=0, second=0, microsecond=0
    )
    cohorts, curricula, sessions, taken = [], [], [], []
    for n in range(COHORTS):
        cohort, curriculum = new_id(), new_id()
        rules = chance.choice(("{}", "{}", '{"age_bands": ["adult"]}', '{"language": "es"}'))
        track = chance.choice(("general", "general", "dual_diagnosis"))
        group = chance.choice((None, "men", "women"))
        cohorts.append((cohort, SITE, f"Cohort {n}", track, group, 1_000, rules, PHASES, tx.now))
        curricula.append((curriculum, SITE, cohort, monday.date(), monday))
        hour = chance.choice((15, 20, 24))
        for week in range(WEEKS):
            for weekday in (0, 2, 4):
                starts = monday.replace(hour=0) + timedelta(weeks=week, days=weekday, hours=hour)
                ends = starts + timedelta(hours=3)
                sessions.append((new_id(), SITE, cohort, curriculum, starts, ends))
        full = 12 if chance.random() < 0.3 else 6
        taken += [(new_id(), SITE, uuid4(), new_id(), cohort, tx.now) for _ in range(full)]
    await tx.executemany(COHORT, cohorts)
    await tx.executemany(CURRICULUM, curricula)
    await tx.executemany(SESSION, sessions)
    await tx.executemany(TAKEN, taken)


async def one_placed(database: Database, registry: Registry) -> float:
    """Seconds of the transaction that places one client more, who then leaves again."""
    client, enrolment = uuid4(), new_id()
    windows = [
        AvailableTime(weekday=day, starts_at=clock_time(8), ends_at=clock_time(21))
        for day in range(1, 6)
    ]
    said = PreferencesChanged(
        client_id=client,
        site_id=SITE,
        time_zone="America/Denver",
        available=windows,
        telehealth=True,
        needs_transport=False,
        needs_child_care=False,
        language="en",
        gender_group=None,
        changed_at=clock.now(),
    )
    enrolled = ClientEnrolled(
        client_id=client,
        site_id=SITE,
        enrolment_id=enrolment,
        level_of_care="2.1",
        dual_diagnosis=False,
        gender_group="women",
        age_band="adult",
        enrolled_at=clock.now(),
    )
    await apply(database, registry, said)
    started = time.perf_counter()
    await apply(database, registry, enrolled)
    return time.perf_counter() - started


async def apply(database: Database, registry: Registry, event: Any) -> None:
    async with database.transaction(ALL_SITES) as tx:
        told = Received(
            event,
            str(uuid4()),
            "/bench",
            event.type_name(),
            event.stream,
            event.key,
            1,
            clock.now(),
            None,
        )
        await registry.handle(tx, event.type_name(), [told])


async def bare(database: Database) -> float:
    """Seconds of a transaction that writes as many and as large rows, having decided nothing."""
    now, client, placement = clock.now(), uuid4(), new_id()
    text = '[{"sentence": "' + "Evening at North: full; " * 3_000 + '"}]'
    count = 3 * WEEKS
    sessions = [new_id() for _ in range(count)]
    started = time.perf_counter()
    async with database.transaction(ALL_SITES) as tx:
        await tx.execute(
            "INSERT INTO bare_placements (id, site_id, client_id, enrolment_id, cohort_id, "
            "criteria, considered, placed_at, phase) VALUES ($1, $2, $3, $1, $1, '[]', $4, $5, 1)",
            placement,
            SITE,
            client,
            text,
            now,
        )
        await tx.execute(
            "INSERT INTO bare_appointments (session_id, client_id, site_id, placement_id, state, "
            "scheduled_at, on_hold) SELECT s, $2, $3, $4, 'scheduled', $5, false "
            "FROM unnest($1::uuid[]) AS s",
            sessions,
            client,
            SITE,
            placement,
            now,
        )
        await tx.execute(
            "INSERT INTO bare_bookings SELECT s, $2, 'client', $3, tstzrange($4, NULL) "
            "FROM unnest($1::uuid[]) AS s",
            sessions,
            client,
            SITE,
            now,
        )
        await tx.execute(
            "INSERT INTO bare_events SELECT s, $2, $3 FROM unnest($1::uuid[]) AS s",
            sessions,
            now,
            '{"payload": "' + "x" * 400 + '"}',
        )
    return time.perf_counter() - started


async def p50(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1_000


async def check(tx: Transaction) -> None:
    """Every client was placed, each with every cohort explained."""
    rows = await tx.fetch(
        "SELECT jsonb_array_length(considered -> 'cohorts') AS considered FROM placements "
        "WHERE considered <> '[]'"
    )
    assert rows, "somebody was placed"
    assert {row["considered"] for row in rows} == {COHORTS}
