"""How much attendance one engagement worker answers, beside Quix Streams with the same rules and
beside Kafka Streams with the same figures.

Each from the same backlog, in turn, in a process of its own, over ever more clients; what they say
of each client is held against each other.
"""

import asyncio
import contextlib
import itertools
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

import orjson
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.ground import SITE, Ground, ground
from benchmarks.measure import Row, against_floor
from benchmarks.peers import kafka_streams, quix
from benchmarks.servers import environment_of
from services.outcomes.engagement.rules.window import with_event
from services.outcomes.engagement.table import key_of
from shared.contracts.scheduling import SessionAttended
from shared.contracts.topics import BY_STREAM
from shared.messaging.envelope import headers_of
from shared.messaging.producer import producer_of
from shared.messaging.relay import partition_of
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.processes import Child, python
from stepwell.runtime.state import PROJECT

SIZES = {1_000: 30, 10_000: 3, 100_000: 1}
"""Clients → sessions of each, three a week."""
ROUNDS = 3
WARM_UP = 0.2
"""Of all events; what is measured begins behind it."""
SINGLE = 200
PAUSE = 0.02
FIRST = datetime(2026, 1, 5, 15, tzinfo=UTC)
REMEMBERED = 50_000
FULL = 24
"""Sessions in a window of eight weeks, three a week."""
WARM_SINGLE = 50
LONGEST_SECONDS = 180
Engine = Literal["ours", "quix", "streams"]
ENGINES: tuple[Engine, ...] = ("ours", "quix", "streams")
NAMES: dict[Engine, str] = {"quix": "Quix Streams", "streams": "Kafka Streams"}
GOALS: dict[Engine, float] = {"quix": 1, "streams": 0.9}


@dataclass
class Run:
    """What one process did with a backlog, or with one event after the other."""

    rate: float
    cpu: float
    """Seconds of processor time for 10,000 events."""
    figures: dict[str, object]


async def run(stack: Stack) -> list[Row]:
    """Events a second, processor time, memory, and how long a single event takes."""
    rows = []
    for clients, sessions in SIZES.items():
        runs: dict[Engine, list[Run]] = {engine: [] for engine in ENGINES}
        for number in range(ROUNDS):
            for engine in ENGINES if number % 2 else reversed(ENGINES):
                async with worker(stack, engine) as at:
                    runs[engine].append(await backlog(at, clients_of(clients), sessions))
        if any(one.figures != runs["ours"][0].figures for of in runs.values() for one in of):
            raise RuntimeError("The engines do not tell the same figures.")
        rates = {engine: [one.rate for one in runs[engine]] for engine in ENGINES}
        spent = {engine: round(min(one.cpu for one in runs[engine]), 2) for engine in ENGINES}
        for peer, goal in GOALS.items():
            about = f"{clients:,} clients, beside {NAMES[peer]}"
            name = f"engagement: events answered, {about}"
            rows.append(against_floor(name, rates["ours"], rates[peer], "events/s", goal, "higher"))
            name = f"engagement: processor time of 10,000 events, {about}"
            rows.append(Row(name, spent["ours"], "s", spent[peer], None, 2.5, "lower"))
    singles: dict[Engine, list[float]] = {"ours": [], "quix": []}
    for _ in range(ROUNDS):
        for engine in singles:
            async with worker(stack, engine) as at:
                singles[engine].append(await single(at))
    name = "engagement: a single event answered, p50"
    rows.append(against_floor(name, singles["ours"], singles["quix"], "ms", 1.2, "lower"))
    return [*rows, await one_partition(stack), *await memory(stack)]


def clients_of(count: int, partition: int | None = None) -> list[UUID]:
    """So many clients, all of one partition where it is given."""
    ids = (UUID(int=number) for number in itertools.count(1))
    partitions = BY_STREAM["scheduling"].partitions
    wanted = (one for one in ids if partition in (None, partition_of(str(one), partitions)))
    return list(itertools.islice(wanted, count))


async def publish(at: Ground, clients: Sequence[UUID], sessions: int) -> None:
    """The attendance of all clients, session by session."""
    producer = producer_of(at.settings)
    await producer.start()
    for session in range(sessions):
        for client in clients:
            await send(producer, at, client, session)
    await producer.stop()


async def send(producer: AIOKafkaProducer, at: Ground, client: UUID, session: int) -> None:
    """One event of attendance, as the relay of scheduling sends it."""
    event = attended(client, session)
    headers = headers_of(
        stream="scheduling",
        key=event.key,
        sequence=session + 1,
        event_id=str(uuid4()),
        type=event.type_name(),
        dataschema=event.schema_name(),
        occurred_at=event.recorded_at,
        traceparent=None,
    )
    topic = at.prefix + BY_STREAM["scheduling"].name
    value = event.model_dump_json().encode()
    await producer.send(topic, value, key=event.key.encode(), headers=headers)


def attended(client: UUID, session: int) -> SessionAttended:
    """A whole session, three a week."""
    starts_at = FIRST + timedelta(weeks=session // 3, days=session % 3)
    return SessionAttended(
        client_id=client,
        site_id=SITE,
        enrolment_id=client,
        session_id=uuid4(),
        cohort_id=SITE,
        starts_at=starts_at,
        time_zone="America/Denver",
        scheduled_minutes=165,
        recorded_at=starts_at + timedelta(hours=3),
        status="present",
        attended_minutes=165,
    )


@dataclass
class Worker:
    """Topics of one's own, and how to start the process that answers on them."""

    scheduling: Ground
    start: Callable[[], Child]
    answers: AIOKafkaConsumer


@contextlib.asynccontextmanager
async def worker(stack: Stack, engine: Engine) -> AsyncIterator[Worker]:
    """What a run needs, for the block; the process is started by the block."""
    scheduling = await ground(stack, "scheduling")
    outcomes = await ground(stack, "outcomes", prefix=scheduling.prefix)
    name = f"{scheduling.prefix}{engine}"
    source, target = (scheduling.prefix + BY_STREAM[s].name for s in ("scheduling", "engagement"))
    environment = dict(os.environ)
    if engine == "ours":
        (port,) = free_ports(1)
        command = list[str | Path](python("-m", "services.outcomes", "stream"))
        environment |= environment_of(outcomes, "http://127.0.0.1:9", port)
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    else:
        of_peer = quix if engine == "quix" else kafka_streams
        command = await asyncio.to_thread(of_peer, stack, source, target)
        environment["PYTHONPATH"] = str(PROJECT)
    consumer = AIOKafkaConsumer(
        target, auto_offset_reset="earliest", **outcomes.settings.kafka_client
    )
    await consumer.start()
    try:
        yield Worker(
            scheduling,
            lambda: stack.processes.start(name, command, environment=environment),
            consumer,
        )
    finally:
        await consumer.stop()
        await asyncio.to_thread(stack.processes.stop, name)


async def backlog(at: Worker, clients: Sequence[UUID], sessions: int) -> Run:
    """How fast a process answers what is there when it starts, behind a warm-up.

    The answers say how many events of a client they contain, so that answers to several count.
    """
    await publish(at.scheduling, clients, sessions)
    process = psutil.Process(at.start().pid)
    latest: dict[str, int] = {}
    figures: dict[str, object] = {}
    done, total = 0, len(clients) * sessions
    began, at_first, spent = 0.0, 0, 0.0
    async with asyncio.timeout(LONGEST_SECONDS):
        while done < total:
            batch = await at.answers.getmany(timeout_ms=1_000)
            for record in (one for records in batch.values() for one in records):
                told = orjson.loads(record.value)
                client, sequence = told["client_id"], told["source_sequence"]
                done += max(0, sequence - latest.get(client, 0))
                latest[client] = max(sequence, latest.get(client, 0))
                if sequence == sessions:
                    figures[client] = told
            if not began and done >= WARM_UP * total:
                began, at_first, spent = time.perf_counter(), done, seconds_of(process)
    seconds, spent = time.perf_counter() - began, seconds_of(process) - spent
    count = total - at_first
    return Run(count / seconds, 10_000 * spent / count, figures)


def seconds_of(process: psutil.Process) -> float:
    """Processor time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def single(at: Worker) -> float:
    """Median milliseconds from sending one event until its answer is there, one after the other."""
    at.start()
    producer = producer_of(at.scheduling.settings)
    await producer.start()
    taken = []
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            for number in range(WARM_SINGLE + SINGLE):
                started = time.perf_counter()
                await send(producer, at.scheduling, UUID(int=number + 1), 0)
                await at.answers.getone()
                taken.append(time.perf_counter() - started)
                await asyncio.sleep(PAUSE)
    finally:
        await producer.stop()
    return statistics.median(taken[WARM_SINGLE:]) * 1_000


async def one_partition(stack: Stack) -> Row:
    """How fast a worker works off one partition while the others have nothing new, as after another
    worker's end, beside as many events on all of them."""
    rates: dict[int | None, list[float]] = {None: [], 0: []}
    for _ in range(ROUNDS):
        for partition, of in rates.items():
            async with worker(stack, "ours") as at:
                of.append((await backlog(at, clients_of(2_000, partition), 30)).rate)
    name = "engagement: events answered of one partition, beside all"
    return against_floor(name, rates[0], rates[None], "events/s", 0.75, "higher")


async def memory(stack: Stack) -> list[Row]:
    """What a worker takes with full windows of many clients, which it has from the changelog, and
    how long after its start it answers with them."""
    async with worker(stack, "ours") as at:
        settings = at.scheduling.settings.model_copy(
            update={
                "service": "outcomes",
                "kafka_username": "outcomes",
                "kafka_password": stack.kafka_passwords["outcomes"],
            }
        )
        producer = producer_of(settings)
        await producer.start()
        topic = at.scheduling.prefix + BY_STREAM["engagement-windows-changelog"].name
        window = None
        for session in range(FULL):
            window = with_event(window, attended(UUID(int=1), session), session + 1)
        for number in range(REMEMBERED):
            client = UUID(int=number + 1)
            partition = partition_of(str(client), BY_STREAM["scheduling"].partitions)
            key = key_of(str(client))
            await producer.send(topic, window, key=key, partition=partition)
        await producer.stop()
        started = time.perf_counter()
        process = psutil.Process(at.start().pid)
        sender = producer_of(at.scheduling.settings)
        await sender.start()
        await send(sender, at.scheduling, UUID(int=1), FULL)
        await sender.stop()
        async with asyncio.timeout(LONGEST_SECONDS):
            told = orjson.loads((await at.answers.getone()).value)
        if told["sessions_attended"] != 12:
            raise RuntimeError("The windows were not read back.")
        seconds = time.perf_counter() - started
        resident = process.memory_info().rss / 1e6
    of = f"full windows of {REMEMBERED:,} clients"
    return [
        Row(f"engagement: memory with {of}", round(resident, 1), "MB", None, None, 150, "lower"),
        Row(f"engagement: {of} read back", round(seconds, 2), "s", None, None, 5, "lower"),
    ]
