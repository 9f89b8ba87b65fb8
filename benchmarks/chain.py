"""From the request that records attendance to the recommendation that follows from it.

The way: HTTP → scheduling's transaction → relay → Kafka → the engagement stream → Kafka → outcomes'
transaction, in three processes. The floor is a bare chain of as many hops through Kafka and as many
commits, in one process, without HTTP: commit, produce → consume, produce → consume, commit. Both
end when a query finds the row. The next begins when the last has been published, so that each is
measured alone.

Then the same with a pause before each, as attendance is recorded in a clinic. Without one the
floor finds everything awake: whoever is woken for its next step has just been at work. Ours never
does, as each step has those of others before it.
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
PAUSED = 100
PAUSE_SECONDS = 0.1
"""Of the last so many, before each."""
P50_GOAL = 3.5
P99_GOAL_MS = 100
RECOMMENDED = "SELECT EXISTS (SELECT FROM recommendations WHERE client_id = $1)"
PUBLISHED = "SELECT NOT EXISTS (SELECT FROM platform.outbox)"
Ways = list[tuple[float, float]]
"""Milliseconds of ours and of the floor."""
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
            ways = await measure(stack, scheduling, outcomes, signing, url, seats)
    name = "attendance to recommendation, p50"
    p99 = round(percentile([way for way, _ in ways[:-PAUSED]], 0.99), 2)
    return [
        p50(name, ways[:-PAUSED]),
        Row(name.replace("p50", "p99"), p99, "ms", None, None, P99_GOAL_MS, "lower"),
        p50(f"{name}, with a pause of {PAUSE_SECONDS} s before each", ways[-PAUSED:]),
    ]


def p50(name: str, ways: Ways) -> Row:
    """The row of the medians of ours and of the floor."""
    ours, bare = (statistics.median(of) for of in zip(*ways, strict=True))
    ratio = round(ours / bare, 2)
    return Row(name, round(ours, 2), "ms", round(bare, 2), ratio, P50_GOAL, "lower")


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
) -> Ways:
    """Each way, after a warm-up of both."""
    token = signing.token("front_desk", ["*"], seconds=3_600)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    ways: Ways = []
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
            pause = PAUSE_SECONDS if start >= len(seats) - PAUSED else 0
            ours = [await after(pause, recommended(seat)) for seat in block]
            ways += zip(ours, [await after(pause, bare()) for _ in block], strict=True)
    writer.close()
    return ways


async def after(pause: float, way: Awaitable[float]) -> float:
    """What the way takes that begins after a pause."""
    await asyncio.sleep(pause)
    return await way


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
