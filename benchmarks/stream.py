"""How much attendance one engagement worker answers, from a backlog and in a process of its own."""

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer

from benchmarks.ground import SITE, Ground, ground
from benchmarks.measure import Row
from benchmarks.servers import environment_of, process
from shared.contracts.scheduling import SessionAttended
from shared.contracts.topics import BY_STREAM
from shared.messaging.envelope import headers_of
from shared.messaging.relay import producer_of
from stepwell.runtime.disposable import Stack, free_ports

CLIENTS = 500
SESSIONS = 24
"""Of each client: two months of three a week."""
WARM_UP = 2_000
GOAL = 1_000
FIRST = datetime(2026, 1, 5, 15, tzinfo=UTC)


async def run(stack: Stack) -> list[Row]:
    """Events a second, from the answer to the last of the warm-up to the last of all."""
    scheduling = await ground(stack, "scheduling")
    outcomes = await ground(stack, "outcomes", prefix=scheduling.prefix)
    await publish(scheduling)
    (port,) = free_ports(1)
    environment = environment_of(outcomes, "http://127.0.0.1:9", port)
    async with process(stack, "stream", ["services.outcomes", "stream"], environment, None):
        rate = await answered(outcomes)
    return [
        Row("engagement: events answered", round(rate, 1), "events/s", None, None, GOAL, "higher")
    ]


async def publish(at: Ground) -> None:
    """The attendance of all clients, week by week."""
    clients = [uuid4() for _ in range(CLIENTS)]
    producer = producer_of(at.settings)
    await producer.start()
    topic = at.prefix + BY_STREAM["scheduling"].name
    for session in range(SESSIONS):
        for client in clients:
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
            value = event.model_dump_json().encode()
            await producer.send(topic, value, key=event.key.encode(), headers=headers)
    await producer.stop()


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


async def answered(at: Ground) -> float:
    """Answers a second, after the warm-up."""
    consumer = AIOKafkaConsumer(
        at.prefix + BY_STREAM["engagement"].name,
        auto_offset_reset="earliest",
        **at.settings.kafka_client,
    )
    await consumer.start()
    try:
        count, began, at_first = 0, 0.0, 0
        while count < CLIENTS * SESSIONS:
            batch = await consumer.getmany(timeout_ms=1_000)
            count += sum(len(records) for records in batch.values())
            if not began and count >= WARM_UP:
                began, at_first = time.perf_counter(), count
        return (count - at_first) / (time.perf_counter() - began)
    finally:
        await consumer.stop()
