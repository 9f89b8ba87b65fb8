"""From the request that records attendance to the recommendation that follows from it.

The way: HTTP → scheduling's transaction → relay → Kafka → the engagement stream → Kafka → outcomes'
transaction, in four processes. The floor is a bare chain of as many hops through Kafka and as many
commits, in one process, without HTTP: commit, produce → consume, produce → consume, commit. Both
end when a query finds the row.
"""

import asyncio
import contextlib
import itertools
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.ground import Ground, connection, ground
from benchmarks.load import encode
from benchmarks.measure import Row, percentile
from benchmarks.servers import environment_of, issuer, process
from shared import clock
from shared.contracts.intake import ClientEnrolled, Score, ScreeningCompleted
from shared.contracts.topics import BY_STREAM
from shared.database import ALL_SITES, Database
from shared.database.pool import CHANNEL
from shared.messaging.outbox import publish
from shared.messaging.relay import Relay, producer_of
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.keys import Issuer

COHORTS = 27
SEATS = 12
CLIENTS = COHORTS * SEATS
WARM_UP = 24
BLOCK = 50
"""Ours and the floor take turns after so many."""
P50_GOAL = 3
P99_GOAL_MS = 100
ADMISSION = datetime(2026, 2, 27, 15, 0, tzinfo=UTC)
SLOT = {
    "weekday": 0,
    "starts": "10:00",
    "minutes": 180,
    "break_minutes": 15,
    "kind": "group",
    "topic": "Coping skills",
}
RECOMMENDED = "SELECT EXISTS (SELECT FROM recommendations WHERE client_id = $1)"
BARE = "CREATE TABLE bare (id bigint PRIMARY KEY, payload bytea NOT NULL)"
INSERT_BARE = "INSERT INTO bare VALUES ($1, $2)"
BARE_FOUND = "SELECT EXISTS (SELECT FROM bare WHERE id = $1)"


@dataclass(frozen=True)
class Seat:
    """A client who steps down with the next attendance, and the session it is about."""

    client: UUID
    session: str


async def run(stack: Stack) -> list[Row]:
    """Milliseconds, ours and the floor in blocks that take turns."""
    scheduling = await ground(stack, "scheduling")
    outcomes = await ground(stack, "outcomes", prefix=scheduling.prefix)
    with on_test_clock(stack):
        async with services(stack, scheduling, outcomes) as (signing, url):
            seats = await prepare(stack, scheduling, outcomes, signing, url)
            values, floors = await measure(stack, scheduling, outcomes, signing, url, seats)
    p50, p50_floor = statistics.median(values), statistics.median(floors)
    return [
        Row(
            "attendance to recommendation, p50",
            round(p50, 2),
            "ms",
            round(p50_floor, 2),
            round(p50 / p50_floor, 2),
            P50_GOAL,
            "lower",
        ),
        Row(
            "attendance to recommendation, p99",
            round(percentile(values, 0.99), 2),
            "ms",
            None,
            None,
            P99_GOAL_MS,
            "lower",
        ),
    ]


@contextlib.contextmanager
def on_test_clock(stack: Stack) -> Iterator[None]:
    """Three weeks pass between the attendances, so all processes share a test clock."""
    path = stack.folder / "clock"
    clock.write(path, ADMISSION)
    own = {"STEPWELL_ENVIRONMENT": "local", clock.CLOCK_FILE: str(path)}
    os.environ.update(own)
    clock.forget()
    try:
        yield
    finally:
        for name in own:
            del os.environ[name]
        clock.forget()


@contextlib.asynccontextmanager
async def services(
    stack: Stack, scheduling: Ground, outcomes: Ground
) -> AsyncIterator[tuple[Issuer, str]]:
    """Scheduling, outcomes and the engagement stream; the issuer, and the URL of scheduling."""
    scheduling_port, outcomes_port, unused = free_ports(3)
    local = {"STEPWELL_ENVIRONMENT": "local"}
    url = f"http://127.0.0.1:{scheduling_port}"
    async with (
        issuer(stack) as signing,
        process(
            stack,
            "bench-scheduling",
            ["services.scheduling"],
            environment_of(scheduling, signing.url, scheduling_port, **local),
            f"{url}/health/ready",
        ),
        process(
            stack,
            "bench-outcomes",
            ["services.outcomes"],
            environment_of(outcomes, signing.url, outcomes_port, **local),
            f"http://127.0.0.1:{outcomes_port}/health/ready",
        ),
        process(
            stack,
            "bench-engagement",
            ["services.outcomes", "stream"],
            environment_of(outcomes, signing.url, unused, **local),
            None,
        ),
    ):
        yield signing, url


async def prepare(
    stack: Stack, scheduling: Ground, outcomes: Ground, signing: Issuer, url: str
) -> list[Seat]:
    """Fill cohorts with clients who came to two of three weekly sessions and are well."""
    headers = {"Authorization": f"Bearer {signing.token('regional_operations', ['*'])}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as regional:

        async def create(path: str, body: dict[str, Any], **more: str) -> dict[str, Any]:
            answer = await regional.post(
                path, json=body, headers={"Idempotency-Key": str(uuid4()), **more}
            )
            answer.raise_for_status()
            made: dict[str, Any] = answer.json()
            return made

        site = await create("/sites", {"name": "Cedar Ridge", "time_zone": "America/Denver"})
        for number in range(COHORTS):
            cohort = await create(
                "/cohorts",
                {
                    "site_id": site["id"],
                    "name": f"Cohort {number}",
                    "track": "general",
                    "gender_group": None,
                    "capacity": SEATS,
                    "dual_diagnosis_trained": False,
                },
            )
            await create(
                f"/cohorts/{cohort['id']}/curriculum",
                {"starts_on": "2026-03-02", "weeks": 3, "slots": [SLOT]},
            )
        clients = await admit(stack, scheduling.prefix, UUID(site["id"]))
        await until(outcomes, "SELECT count(*) FROM episodes", CLIENTS)
        await until(
            scheduling, "SELECT count(*) FROM appointments WHERE state = 'scheduled'", 3 * CLIENTS
        )
        by_week = await expected(scheduling)
        desk = {"Authorization": f"Bearer {signing.token('front_desk', ['*'])}"}
        for week in (0, 1):
            clock.write(stack.folder / "clock", ADMISSION + timedelta(days=3, weeks=week, hours=6))
            for session, present in by_week[week].items():
                entries = [{"client_id": str(c), "status": "present"} for c in present]
                await create(f"/sessions/{session}/roster", {"entries": entries}, **desk)
        clock.write(stack.folder / "clock", ADMISSION + timedelta(days=3, weeks=2, hours=6))
        await until(
            outcomes,
            "SELECT count(*) FROM engagement WHERE sessions_attended = 2",
            len(clients),
        )
    return [Seat(c, session) for session, present in by_week[2].items() for c in present]


async def admit(stack: Stack, prefix: str, site: UUID) -> list[UUID]:
    """Publish admissions and low scores as intake does; its relay sends them."""
    intake = await ground(stack, "intake", prefix=prefix)
    database = Database(intake.database_url)
    await database.open()
    relay = asyncio.create_task(Relay(database, intake.settings).run())
    clients = [uuid4() for _ in range(CLIENTS)]
    async with database.transaction(ALL_SITES) as tx:
        for client in clients:
            publish(
                tx,
                ClientEnrolled(
                    client_id=client,
                    site_id=site,
                    enrolment_id=uuid4(),
                    level_of_care="2.1",
                    dual_diagnosis=False,
                    gender_group=None,
                    enrolled_at=tx.now,
                ),
            )
            publish(
                tx,
                ScreeningCompleted(
                    client_id=client,
                    site_id=site,
                    screening_id=uuid4(),
                    occasion="follow_up",
                    scores=[low("phq-9", "negative"), low("gad-7", None)],
                    completed_at=ADMISSION + timedelta(weeks=2),
                ),
            )
    await until(intake, "SELECT count(*) FROM platform.outbox", 0)
    relay.cancel()
    await asyncio.gather(relay, return_exceptions=True)
    await database.close()
    return clients


def low(instrument: Any, safety_item: Any) -> Score:
    """A result that stands in nobody's way."""
    return Score(
        instrument=instrument,
        instrument_version="1.0",
        status="complete",
        total=4,
        band="minimal",
        positive=False,
        safety_item=safety_item,
    )


async def expected(scheduling: Ground) -> list[dict[str, list[UUID]]]:
    """Who is expected at each session, week by week."""
    weeks: dict[datetime, dict[str, list[UUID]]] = {}
    async with watching(scheduling) as own:
        for row in await own.fetch(
            "SELECT s.starts_at, s.id, a.client_id FROM appointments a"
            " JOIN sessions s ON s.id = a.session_id ORDER BY s.starts_at, s.id, a.client_id"
        ):
            week = weeks.setdefault(row["starts_at"], {})
            week.setdefault(str(row["id"]), []).append(row["client_id"])
    return [weeks[start] for start in sorted(weeks)]


async def measure(
    stack: Stack, scheduling: Ground, outcomes: Ground, signing: Issuer, url: str, seats: list[Seat]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each way, after a warm-up of both."""
    token = signing.token("front_desk", ["*"], seconds=3_600)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    values: list[float] = []
    floors: list[float] = []
    committed = asyncio.Event()
    async with watching(outcomes) as own, bare_chain(stack) as bare:
        await own.add_listener(CHANNEL, lambda *_: committed.set())

        async def recommended(seat: Seat) -> float:
            request = encode(
                {
                    "path": f"/sessions/{seat.session}/attendance",
                    "headers": {
                        "Authorization": f"Bearer {token}",
                        "Idempotency-Key": str(uuid4()),
                    },
                    "body": {"client_id": str(seat.client), "status": "present"},
                }
            )
            started = time.perf_counter()
            writer.write(request)
            async with asyncio.timeout(30):
                while not await own.fetchval(RECOMMENDED, seat.client):
                    await committed.wait()
                    committed.clear()
            took = time.perf_counter() - started
            await read_created(reader)
            return took * 1_000

        for _ in range(int(os.environ.get("WARM","0"))):
            await bare()
        for seat in seats[:WARM_UP]:
            await recommended(seat)
            await bare()
        for start in range(WARM_UP, len(seats), BLOCK):
            block = seats[start : start + BLOCK]
            values += [await recommended(seat) for seat in block]
            floors += [await bare() for _ in block]
    writer.close()
    return values, floors


async def read_created(reader: asyncio.StreamReader) -> None:
    """Read one answer, which must be 201."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(int(length.partition(b":")[2]))
    if not head.startswith(b"http/1.1 201"):
        raise RuntimeError(f"The server answered {body.decode()}.")


@contextlib.asynccontextmanager
async def bare_chain(stack: Stack) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """A function that runs the bare chain once; milliseconds until its row is found."""
    at = await ground(stack, "intake")
    await at.as_owner(BARE)
    topic = at.prefix + BY_STREAM["intake"].name
    numbers = itertools.count(1)
    payload = b"x" * 400
    async with (
        connection(at.database_url) as writes,
        connection(at.database_url) as looks,
        started(producer_of(at.settings)) as producer,
        started(AIOKafkaConsumer(**at.settings.kafka_client)) as first,
        started(AIOKafkaConsumer(**at.settings.kafka_client)) as second,
    ):
        first.assign([TopicPartition(topic, 0)])
        second.assign([TopicPartition(topic, 1)])

        async def once() -> float:
            number = next(numbers)
            began = time.perf_counter()
            await writes.execute(INSERT_BARE, -number, payload)
            for partition, consumer in enumerate((first, second)):
                await producer.send(topic, payload, partition=partition)
                await consumer.getone()
            await writes.execute(INSERT_BARE, number, payload)
            assert await looks.fetchval(BARE_FOUND, number)
            return (time.perf_counter() - began) * 1_000

        yield once


@contextlib.asynccontextmanager
async def started(client: Any) -> AsyncIterator[Any]:
    """A Kafka client for the block."""
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@contextlib.asynccontextmanager
async def watching(at: Ground) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that sees the rows of all sites."""
    async with connection(at.stack.postgres.url(database=at.database)) as own:
        yield own


async def until(at: Ground, query: str, value: object) -> None:
    """Wait until a query gives `value`."""
    async with asyncio.timeout(60), watching(at) as own:
        while await own.fetchval(query) != value:  # noqa: ASYNC110 - tables tell of no change
            await asyncio.sleep(0.05)
