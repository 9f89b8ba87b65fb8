"""Making the read models of outcomes anew, against reading the same events and doing nothing.

A first rebuild fills the live tables; the second one is measured, whose counts and sums have to be
those of the first. As many processes read for the floor as for the rebuild.

The events are those of a region in their order: of each client a referral, an admission, a seat,
measures and eighty sessions with who came; `REBUILD_EVENTS` says how many (2,500,000 in full).
"""

import asyncio
import gc
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.ground import Ground, ground
from benchmarks.measure import Row, seconds
from services.outcomes.read_models import read_models
from shared import clock
from shared.access.client import ServiceToken
from shared.contracts.topics import BY_TYPE
from shared.database import Database
from shared.ids import new_id
from shared.messaging.envelope import headers_of, open_envelope, read_payload
from shared.messaging.feed import Feed
from shared.messaging.read_models import Progress
from shared.messaging.rebuilding import Rebuild
from shared.settings import Settings
from stepwell.runtime.disposable import Stack

EVENTS = int(os.environ.get("REBUILD_EVENTS", "250000"))
SESSIONS = 80
SITES = [UUID(int=n) for n in range(1, 41)]
GOAL = 40_000.0
BY_NAME = {event.__name__: event for event in BY_TYPE.values()}
POSITIONS = """
INSERT INTO platform.positions SELECT 'outcomes', * FROM unnest($1::text[], $2::text[], $3::int8[])
"""
Told = tuple[str, dict[str, Any]]


async def run(stack: Stack) -> list[Row]:
    """Events a second, from the first one read to the swap."""
    at = await ground(stack, "outcomes")
    database = Database(at.database_url, size=2)
    await database.open()
    feed = Feed(at.settings, ServiceToken(at.settings))
    try:
        count = await fill(at, database)
        floor = count / await seconds(lambda: read_alone(at.settings))
        await Rebuild(database, at.settings, read_models, feed, nobody).run(accept_differences=True)
        last: list[Progress] = []
        rebuild = Rebuild(database, at.settings, read_models, feed, last.append)
        value = count / await seconds(rebuild.run)
        assert last[-1].phase == "swapped"
        name = f"rebuild: {count:,} events from Kafka to the swap"
        return [Row(name, round(value), "events/s", round(floor), None, GOAL, "higher")]
    finally:
        await feed.close()
        await database.close()


def region(clients: int) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The events of clients beside one another: which client, the event's name, its fields. Ids are
    made as services make them, so that those of a day lie beside one another."""
    now = clock.now() - timedelta(days=100)
    ids = [(new_id(), new_id(), new_id()) for _ in range(clients)]
    for step in (*range(-6, 0), *range(SESSIONS)):
        at = now + timedelta(days=step)
        session = [new_id() for _ in range(len(SITES) * 8)]
        for n, (referral, stay, placement) in enumerate(ids):
            seat = {
                "enrolment_id": stay,
                "session_id": session[n % len(session)],
                "cohort_id": SITES[n % len(SITES)],
                "starts_at": at,
                "time_zone": "America/Denver",
            }
            if step < 0:
                yield (n, *beginning(step, at, referral, stay, placement))
                continue
            ends = {"kind": "group", "ends_at": at + timedelta(hours=3), "break_minutes": 15}
            yield n, "SessionScheduled", {**seat, **ends}
            recorded = {**seat, "scheduled_minutes": 165, "recorded_at": at}
            if (n + step) % 5:
                came = {"status": "present", "attended_minutes": 165}
                yield n, "SessionAttended", {**recorded, **came}
            else:
                yield n, "SessionMissed", {**recorded, "status": "no_show", "excused": False}
            if step % 10 == 9:
                yield n, "ScreeningCompleted", screening(at)


def beginning(step: int, at: Any, referral: UUID, stay: UUID, placement: UUID) -> Told:
    """How a client comes into the program, in six steps."""
    if step == -6:
        return "ReferralReceived", {"referral_id": referral, "source": "self", "received_at": at}
    if step == -2:
        told = {"enrolment_id": stay, "level_of_care": "2.1", "dual_diagnosis": False}
        return "ClientEnrolled", {**told, "gender_group": None, "enrolled_at": at}
    if step == -1:
        told = {"enrolment_id": stay, "placement_id": placement, "cohort_id": SITES[0]}
        return "ClientPlaced", {**told, "track": "general", "criteria": [], "placed_at": at}
    to = {-5: "contacted", -4: "screening", -3: "assessed"}[step]
    told = {"referral_id": referral, "from_state": "received", "to_state": to, "reason": None}
    return "ReferralStateChanged", {**told, "changed_at": at}


def screening(at: Any) -> dict[str, Any]:
    """A PHQ-9 and a GAD-7."""
    score = {"instrument_version": "1.0", "status": "complete", "total": 9, "band": "mild"}
    scores = [{**score, "instrument": i, "positive": False} for i in ("phq-9", "gad-7")]
    about = {"screening_id": new_id(), "occasion": "follow_up", "completed_at": at}
    return {**about, "scores": scores}


async def fill(at: Ground, database: Database) -> int:
    """Put the events on their topics, as applied; how many there are."""
    clients = [str(new_id()) for _ in range(max(1, EVENTS // (6 + 2 * SESSIONS + SESSIONS // 10)))]
    sent: dict[tuple[str, str], int] = {}
    producers = {}
    for service in ("intake", "scheduling"):
        access = {"sasl_plain_username": service}
        access["sasl_plain_password"] = at.stack.kafka_passwords[service]
        producers[service] = AIOKafkaProducer(
            **at.settings.kafka_client | access, linger_ms=20, max_batch_size=256 * 1024
        )
        await producers[service].start()
    count = 0
    for n, name, fields in region(len(clients)):
        kind, key = BY_NAME[name], clients[n]
        place = (kind.stream, key)
        sent[place] = sent.get(place, 0) + 1
        site = SITES[n % len(SITES)]
        headers = headers_of(
            stream=kind.stream,
            key=key,
            sequence=sent[place],
            event_id=str(count),
            type=kind.type_name(),
            dataschema=kind.schema_name(),
            occurred_at=clock.now(),
            traceparent=None,
        )
        payload = orjson.dumps({"client_id": key, "site_id": site, **fields})
        topic = f"{at.prefix}stepwell.{kind.stream}"
        await producers[kind.stream].send(topic, payload, key=key.encode(), headers=headers)
        count += 1
    for producer in producers.values():
        await producer.stop()
    columns = [[k[0] for k in sent], [k[1] for k in sent], list(sent.values())]
    await database.run("*", lambda tx: tx.execute(POSITIONS, *columns))
    return count


def nobody(_: Progress) -> None:
    """Who listens to the first rebuild."""


async def read_alone(settings: Settings) -> None:
    """Read and decode the same events, in as many processes as there are cores."""
    count = os.cpu_count() or 1
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        shares = [loop.run_in_executor(pool, read_share, settings, n, count) for n in range(count)]
        await asyncio.gather(*shares)


def read_share(settings: Settings, number: int, count: int) -> None:
    """Read and decode every `count`-th partition from `number` on."""
    gc.disable()
    asyncio.run(read_partitions(settings, number, count))


async def read_partitions(settings: Settings, number: int, count: int) -> None:
    prefix = f"{settings.kafka_topic_prefix}stepwell."
    reader = AIOKafkaConsumer(
        prefix + "intake",
        prefix + "scheduling",
        **settings.kafka_client,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await reader.start()
    try:
        others = [one for one in reader.assignment() if one.partition % count != number]
        reader.pause(*others)
        ends = await reader.end_offsets(reader.assignment() - set(others))
        await reader.seek_to_beginning(*ends)
        while any([await reader.position(one) < end for one, end in ends.items()]):
            for part in (await reader.getmany(timeout_ms=1_000, max_records=2_000)).values():
                for r in part:
                    stream = r.topic.removeprefix(prefix)
                    envelope = open_envelope(stream, r.key, r.value, r.headers)
                    read_payload(envelope, BY_TYPE[envelope.type])
    finally:
        await reader.stop()
