"""Making 12 weeks of sessions for 40 sites against writing the same rows with two bare statements.

600 group sessions a week, three cohorts a site with five a week, each with its room and its
facilitator: planned by the wall clock, held against the rules of rooms and staff, written, and
rooms and people booked so that nothing is taken twice. The floor copies the very same rows into the
same tables, with their indexes and constraints.
"""

import asyncio
import statistics
from datetime import date
from uuid import UUID

from benchmarks.ground import Ground, connection, ground
from benchmarks.measure import Row, against_floor, in_turn, seconds
from services.scheduling.sessions.commands import add_curriculum
from services.scheduling.sessions.schemas import NewCurriculum, Slot
from shared.database import ALL_SITES, Database
from stepwell.runtime.disposable import Stack
from stepwell.runtime.roles import owner

SITES, COHORTS, WEEKS = 40, 3, 12
SESSIONS = SITES * COHORTS * 5 * WEEKS
STARTS_ON = date(2030, 1, 7)
ROUNDS = 3
AT_ONCE = 4
GOAL = 5_000
LEAST_SHARE = 0.25
ALL = "SET stepwell.sites = '*'"
DIRECTORY = f"""
{ALL};
INSERT INTO sites (id, name, time_zone, opened_at)
  SELECT uuidv7(), n::text, 'America/Denver', now() FROM generate_series(1, {SITES}) AS n;
INSERT INTO opening_hours
  SELECT id, day, 480, 1260 FROM sites CROSS JOIN generate_series(1, 7) AS day;
INSERT INTO cohorts (id, site_id, name, track, capacity, dual_diagnosis_trained, created_at)
  SELECT uuidv7(), id, n::text, 'general', 12, false, now()
  FROM sites CROSS JOIN generate_series(1, {COHORTS}) AS n;
INSERT INTO rooms (id, site_id, name, kind, capacity, created_at)
  SELECT uuidv7(), site_id, name, 'room', 14, now() FROM cohorts;
INSERT INTO staff (id, name, languages, trainings, credentials, hours, created_at)
  SELECT uuidv7(), id::text, '{{}}', '{{}}', '[]', '[]', now() FROM cohorts;
INSERT INTO staff_sites
  SELECT s.id, c.site_id, true FROM staff s JOIN cohorts c ON c.id::text = s.name;
"""
ASSIGNED = """
SELECT c.id AS cohort_id, r.id AS room_id, s.id AS facilitator_id
FROM cohorts c JOIN rooms r USING (site_id, name) JOIN staff s ON s.name = c.id::text
ORDER BY c.name, c.site_id
"""
EMPTY = f"{ALL}; TRUNCATE bookings, sessions, curricula CASCADE"
KEEP = f"{ALL}; CREATE TABLE kept_sessions AS TABLE sessions; CREATE TABLE kept AS TABLE bookings"
KEEP_PLANS = f"{ALL}; CREATE TABLE kept_plans AS TABLE curricula"
FLOOR = f"""
{ALL};
INSERT INTO curricula SELECT * FROM kept_plans;
INSERT INTO sessions SELECT * FROM kept_sessions;
INSERT INTO bookings SELECT * FROM kept;
"""


async def run(stack: Stack) -> list[Row]:
    """Sessions a second. Each cohort is a transaction of its own; sites are done side by side."""
    at = await ground(stack, "scheduling")
    await at.as_owner(DIRECTORY)
    async with connection(stack.url(at.database, owner("scheduling"))) as own:
        await own.execute(ALL)
        cohorts = [dict(row) for row in await own.fetch(ASSIGNED)]
    database = Database(at.database_url, size=AT_ONCE)
    await database.open()
    try:
        await materialize(database, cohorts)
        for statement in (KEEP, KEEP_PLANS):
            await at.as_owner(statement)

        async def ours() -> float:
            await at.as_owner(EMPTY)
            return SESSIONS / await seconds(lambda: materialize(database, cohorts))

        async def floor() -> float:
            return await bare(at)

        values, floors = await in_turn(ours, floor, ROUNDS)
    finally:
        await database.close()
    rate = round(statistics.median(values))
    name = "materializing 12 weeks at 40 sites"
    return [
        Row(name, rate, "sessions/s", None, None, GOAL, "higher"),
        against_floor(f"{name}, beside bare writing", values, floors, "sessions/s", LEAST_SHARE,
            "higher"),
    ]  # fmt: skip


async def materialize(database: Database, cohorts: list[dict[str, UUID]]) -> None:
    """Give each cohort its plan."""
    await asyncio.gather(*(plan(database, cohorts[n::AT_ONCE]) for n in range(AT_ONCE)))


async def plan(database: Database, cohorts: list[dict[str, UUID]]) -> None:
    """Give these cohorts their plans, one after the other."""
    for row in cohorts:
        slots = [
            Slot(
                weekday=day,
                starts="17:30",
                minutes=180,
                break_minutes=15,
                kind="group",
                topic="Coping skills",
                room_id=row["room_id"],
                facilitator_id=row["facilitator_id"],
            )
            for day in range(5)
        ]
        given = NewCurriculum(starts_on=STARTS_ON, weeks=WEEKS, slots=slots)
        async with database.transaction(ALL_SITES) as tx:
            await add_curriculum(tx, row["cohort_id"], given)


async def bare(at: Ground) -> float:
    """The same rows, copied within the database."""
    await at.as_owner(EMPTY)
    return SESSIONS / await seconds(lambda: at.as_owner(FLOOR))
