"""Recording a group of twelve in one request against the bare SQL of the same writes.

Ours is what a counselor waits for after a group: token, key, row-level security, twelve clients
checked and credited, their rows and events, the answer remembered, and the note of who was seen.
The floor writes the very rows that ours wrote into tables of the same columns and indexes, in one
transaction on a connection that is open; it reads nothing and decides nothing.
"""

import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

from benchmarks.ground import Ground, connection, ground
from benchmarks.measure import ROUNDS, Row, in_turn
from benchmarks.servers import environment_of, issuer, p50_ms, process
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.keys import Issuer
from stepwell.runtime.roles import owner

GROUP = 12
REQUESTS = 150
WARM_UP = 20
SESSIONS = (ROUNDS + 2) * REQUESTS
GOAL_MS = 25
SITE, COHORT = UUID(int=1), UUID(int=2)
PREPARE = f"""
SET stepwell.sites = '*';
INSERT INTO sites (id, name, time_zone, opened_at)
VALUES ('{SITE}', 'Cedar Ridge', 'America/Denver', '2025-01-01Z');
INSERT INTO cohorts (id, site_id, name, track, capacity, dual_diagnosis_trained, created_at)
VALUES ('{COHORT}', '{SITE}', 'Evening', 'general', {GROUP}, false, '2025-01-01Z');
INSERT INTO placements (id, site_id, client_id, enrolment_id, cohort_id, criteria, considered,
  placed_at)
SELECT ('1' || lpad(n::text, 31, '0'))::uuid, '{SITE}', ('2' || lpad(n::text, 31, '0'))::uuid,
  ('3' || lpad(n::text, 31, '0'))::uuid, '{COHORT}', '[]', '[]', '2025-01-01Z'
FROM generate_series(1, {GROUP}) AS n;
INSERT INTO sessions (id, site_id, cohort_id, starts_at, ends_at, time_zone, kind, topic,
  break_minutes)
SELECT ('4' || lpad(n::text, 31, '0'))::uuid, '{SITE}', '{COHORT}', t, t + interval '3 hours',
  'America/Denver', 'group', 'Coping skills', 15
FROM generate_series(1, {SESSIONS}) AS n,
  LATERAL (SELECT '2025-01-01Z'::timestamptz + n * interval '4 hours') AS at(t);
INSERT INTO appointments (session_id, client_id, site_id, placement_id, state, scheduled_at)
SELECT s.id, p.client_id, s.site_id, p.id, 'scheduled', p.placed_at FROM sessions s, placements p;
"""
WRITTEN = {
    "attendance": ("attendance", GROUP, "id"),
    "platform.journal": ("journal", GROUP, "key, sequence"),
    "platform.outbox": ("outbox", GROUP, "id"),
    "platform.streams": ("streams", GROUP, "key"),
    "platform.audit": ("audit", GROUP, "id"),
    "platform.idempotency_keys": ("answers", 1, "key"),
}
"""What one request writes: the table, its copy's name, how many rows, and an order of them."""


async def run(stack: Stack) -> list[Row]:
    """Median milliseconds of both, in turn. The relay runs beside in neither."""
    at = await ground(stack, "scheduling")
    await at.as_owner(PREPARE)
    async with issuer(stack) as signing, rolls(stack, at, signing) as ours:
        await ours()
        async with copies(at) as floor:
            values, floors = await in_turn(ours, floor)
    value, least = statistics.median(values), statistics.median(floors)
    name = f"attendance of {GROUP} in one request, p50"
    return [Row(name, round(value, 3), "ms", round(least, 3), None, GOAL_MS, "lower")]


@contextlib.asynccontextmanager
async def rolls(
    stack: Stack, at: Ground, signing: Issuer
) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Scheduling's API, asked to record one group after the other, each once."""
    (port,) = free_ports(1)
    token = signing.token("counselor", [str(SITE)], seconds=3_600)
    entries = [
        {"client_id": str(UUID(f"2{n:031}")), "status": "present"} for n in range(1, GROUP + 1)
    ]
    sessions = iter(range(1, SESSIONS + 1))

    async def measure() -> float:
        requests = [
            {
                "path": f"/sessions/{UUID(f'4{next(sessions):031}')}/roster",
                "headers": {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())},
                "body": {"entries": entries},
            }
            for _ in range(REQUESTS)
        ]
        return await p50_ms(port, requests, warm_up=WARM_UP)

    async with process(
        stack,
        "bench-attendance",
        ["services.scheduling", "api"],
        environment_of(at, signing.url, port),
        f"http://127.0.0.1:{port}/health/ready",
    ):
        yield measure


@contextlib.asynccontextmanager
async def copies(at: Ground) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """The rows that were written so far, written again request by request; milliseconds of each."""
    async with connection(at.stack.url(at.database, owner(at.service))) as own:
        await own.execute("SET stepwell.sites = '*'; CREATE SCHEMA bare")
        written = []
        for table, (name, many, order) in WRITTEN.items():
            keys = "" if name == "streams" else "INCLUDING INDEXES"
            await own.execute(f"CREATE TABLE bare.{name} (LIKE {table} {keys})")
            chunks = await own.fetch(
                f"""SELECT jsonb_agg(to_jsonb(r) ORDER BY {order})::text AS rows
                FROM (SELECT *, row_number() OVER (ORDER BY {order}) - 1 AS nth FROM {table}) AS r
                GROUP BY nth / {many} ORDER BY 1"""
            )
            into = (
                f"INSERT INTO bare.{name} "
                f"SELECT * FROM jsonb_populate_recordset(NULL::bare.{name}, $1::text::jsonb)"
            )
            written.append((into, [chunk["rows"] for chunk in chunks]))

        async def measure() -> float:
            took = []
            for name, _, _ in WRITTEN.values():
                await own.execute(f"TRUNCATE bare.{name}")
            for number in range(REQUESTS):
                started = time.perf_counter()
                async with own.transaction():
                    for into, rows in written:
                        await own.execute(into, rows[number % len(rows)])
                took.append((time.perf_counter() - started) * 1_000)
            return statistics.median(took[WARM_UP:])

        yield measure
