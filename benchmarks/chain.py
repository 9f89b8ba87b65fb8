"""From the request that records attendance to the recommendation that follows from it.

The way: HTTP → scheduling's transaction → relay → Kafka → the engagement stream → Kafka → outcomes'
transaction, in three processes. The floor is a bare chain of as many hops through Kafka and as many
commits, in one process, without HTTP: commit, produce → consume, produce → consume, commit. Both
end when a query finds the row. The next begins when the last has been published, so that each is
measured alone.
"""

import asyncio
import contextlib
import itertools
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.ground import Ground, connection, ground
from benchmarks.load import encode
from benchmarks.measure import Row, percentile
from benchmarks.servers import environment_of, issuer, process
from benchmarks.three_weeks import ADMISSION, Seat, prepare, watching
from shared import clock
from shared.contracts.topics import BY_STREAM
from shared.database.pool import CHANNEL
from shared.messaging.producer import producer_of
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.keys import Issuer

WARM_UP = 24
BLOCK = 50
"""Ours and the floor take turns after so many."""
P50_GOAL = 3
P99_GOAL_MS = 100
RECOMMENDED = "SELECT EXISTS (SELECT FROM recommendations WHERE client_id = $1)"
PUBLISHED = "SELECT NOT EXISTS (SELECT FROM platform.outbox)"
BARE = "CREATE TABLE bare (id bigint PRIMARY KEY, payload bytea NOT NULL)"
INSERT_BARE = "INSERT INTO bare VALUES ($1, $2)"
BARE_FOUND = "SELECT EXISTS (SELECT FROM bare WHERE id = $1)"


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
            while not await own.fetchval(PUBLISHED):  # noqa: ASYNC110 - tables tell of no change
                await asyncio.sleep(0.001)
            return took * 1_000

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
