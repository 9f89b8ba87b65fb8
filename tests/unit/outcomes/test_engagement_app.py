"""Handing records over: those of a partition together, and without pauses."""

import asyncio
from types import SimpleNamespace
from typing import cast
from unittest.mock import AsyncMock, Mock

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord
from faust.types import TP

from services.outcomes.engagement.app import Consumer, EngagementApp, WholePieces
from shared.messaging.records import FETCH_MS

ATTENDANCE, OTHER, WINDOWS = TP("attendance", 0), TP("attendance", 1), TP("windows", 0)


@pytest.fixture
async def consumer() -> Consumer:
    app = EngagementApp("engagement", broker="kafka://127.0.0.1:9", store="memory://")
    nothing = AsyncMock(return_value={})
    made = app.transport.create_consumer(
        nothing, on_partitions_revoked=nothing, on_partitions_assigned=nothing
    )
    made._getmany = nothing
    return cast(Consumer, made)


def records(tp: TP, *offsets: int) -> list[ConsumerRecord]:
    return [
        ConsumerRecord(*tp, offset, 1_000 * offset, 0, b"key", b"%d" % offset, None, 3, 1, ())
        for offset in offsets
    ]


async def test_records_of_a_partition_come_as_one_message(consumer: Consumer) -> None:
    read = {ATTENDANCE: records(ATTENDANCE, 4, 5, 7), WINDOWS: [], OTHER: records(OTHER, 1)}
    messages = [consumer._to_message(tp, of) for tp, of in WholePieces().iterate(read)]
    assert [(message.tp, message.offset, message.value) for message in messages] == [
        (ATTENDANCE, 7, read[ATTENDANCE]),
        (OTHER, 1, read[OTHER]),
    ]


async def test_what_is_committed_is_behind_the_last_record_that_is_done(
    consumer: Consumer,
) -> None:
    first = consumer._to_message(ATTENDANCE, records(ATTENDANCE, 0))
    second = consumer._to_message(ATTENDANCE, records(ATTENDANCE, 1, 2, 9))
    assert consumer._new_offset(ATTENDANCE) is None
    for message in (first, second):
        message.incref()
        assert message.ack(consumer)
    assert list(consumer._filter_tps_with_pending_acks()) == [ATTENDANCE]
    assert consumer._new_offset(ATTENDANCE) == 10
    assert consumer._new_offset(ATTENDANCE) is None
    assert list(consumer._filter_tps_with_pending_acks()) == []


@pytest.mark.parametrize("full", [{ATTENDANCE}, {ATTENDANCE, OTHER}])
async def test_a_full_queue_holds_reading_up_no_longer_than_it_is_full(
    consumer: Consumer, full: set[TP]
) -> None:
    nothing = cast(AsyncMock, consumer._getmany)
    consumer._set_active_tps({ATTENDANCE, OTHER})
    for partition in full:
        consumer.on_buffer_full(partition)
    reading = asyncio.ensure_future(consumer._wait_next_records(1.0))
    await asyncio.sleep(0.01)
    assert not reading.done()
    nothing.assert_not_awaited()  # else it would wait for what comes on the other partition
    consumer.on_buffer_drop(ATTENDANCE)
    async with asyncio.timeout(0.5):  # Faust would sleep for a second
        await reading
    nothing.assert_awaited_once()


async def test_the_broker_answers_soon_where_other_partitions_have_nothing_new(
    consumer: Consumer,
) -> None:
    reader = consumer._new_consumer_thread()._create_worker_consumer(consumer.transport)
    assert reader._fetch_max_wait_ms == FETCH_MS < 200


async def test_windows_that_were_written_and_are_not_read_back_are_no_complaint(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = consumer._new_consumer_thread()
    position = SimpleNamespace(highwater=9, position=3, timestamp=3_600_000)
    assignment = SimpleNamespace(active=True, state_value=lambda tp: position)
    subscriptions = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
    fetcher = SimpleNamespace(_subscriptions=subscriptions)
    reader._consumer = cast(AIOKafkaConsumer, SimpleNamespace(_fetcher=fetcher))
    monkeypatch.setattr(consumer.app.topics, "acks_enabled_for", lambda topic: True)
    reader.log, reader.time_started = Mock(), 0.0
    reader.verify_event_path(now=3_600.0, tp=WINDOWS)
    reader.log.error.assert_not_called()
