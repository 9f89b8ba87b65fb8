"""The consumer: takes records in batches and applies them, whatever happens around it."""

import asyncio
import contextlib
import time
from collections.abc import Collection, Iterable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging import records
from shared.messaging.applier import Applier
from shared.messaging.assignment import STRANGE, split_off, together
from shared.messaging.dead_letters import DeadLetter, as_text
from shared.messaging.envelope import LONGEST_KEY, Envelope, Received, Undecodable, open_envelope
from shared.messaging.faults import is_transient
from shared.messaging.handlers import Consumers
from shared.settings import Settings
from shared.telemetry import metrics

__all__ = ["Consumer", "Consumers", "Received"]

log = structlog.get_logger()

BATCH = 2_000
COMMIT_SECONDS = 1.0
"""How often offsets go to the broker. Positions in Postgres decide what was applied."""
METADATA_SECONDS = 10
"""How soon a topic is found that was deleted and made again."""
LONGEST_PAUSE = 5.0
HAND_OVER_SECONDS = 5.0
"""Less than the session timeout, so that the others do not go on without this member."""


class Consumer:
    """Reads the streams that a service reacts to, as one member of the service's group."""

    def __init__(self, applier: Applier, settings: Settings) -> None:
        self.applier = applier
        self.settings = settings
        records.install()
        self._prefix = f"{settings.kafka_topic_prefix}stepwell."
        self._done: dict[TopicPartition, int] = {}
        self._gone: set[str] = set()
        self._applying = asyncio.Lock()
        self._together = together()
        self._strange = False

    @property
    def complaint(self) -> str | None:
        """Why this member does not apply all that it was given; None when it does."""
        return STRANGE if self._strange else None

    async def run(self) -> None:
        """Consume until cancelled; start anew after the broker went away, or anything else."""
        while True:
            try:
                await self._consume()
            except Exception as error:  # relay and jobs of this process work on
                log.warning(
                    "consumer_interrupted",
                    error=type(error).__name__,
                    transient=is_transient(error),
                )
                await asyncio.sleep(0.5)

    async def _consume(self) -> None:
        consumer = AIOKafkaConsumer(
            **self.settings.kafka_client,
            client_id=f"{self.settings.service}-consumer",
            group_id=f"{self.settings.kafka_topic_prefix}{self.settings.service}",
            metadata_max_age_ms=METADATA_SECONDS * 1000,
            enable_auto_commit=False,
            partition_assignment_strategy=(self._together,),
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=600_000,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            fetch_max_wait_ms=records.FETCH_MS,
        )
        topics = [self._prefix + stream for stream in self.applier.registry.streams]
        self._done = {}
        consumer.subscribe(topics, listener=CommitOnRevoke(self, consumer))
        committed_at = time.monotonic()
        try:
            await consumer.start()
            log.info("consumer_started", streams=self.applier.registry.streams)
            while True:
                batch = await consumer.getmany(timeout_ms=1_000, max_records=BATCH)
                if batch:
                    async with self._applying:
                        await self.take(r for read in batch.values() for r in read)
                        for partition, read in batch.items():
                            self._done[partition] = read[-1].offset + 1
                if time.monotonic() - committed_at > COMMIT_SECONDS:
                    await self.commit(consumer)
                    committed_at = time.monotonic()
        finally:
            await self.commit(consumer)
            await consumer.stop()

    async def take(self, given: Iterable[Any]) -> None:
        """Apply records; transient faults are waited out, and rubbish never stops the consumer."""
        envelopes: list[Envelope] = []
        letters: list[DeadLetter] = []
        for r in given:
            stream = r.topic.removeprefix(self._prefix)
            try:
                envelopes.append(
                    open_envelope(
                        stream, r.key, r.value, r.headers, partition=r.partition, offset=r.offset
                    )
                )
            except Exception as error:  # whatever a record holds, it stops nobody
                known = isinstance(error, Undecodable)
                letters.append(
                    DeadLetter(
                        "undecodable",
                        str(error) if known else type(error).__name__,
                        stream,
                        as_text(r.key)[:LONGEST_KEY],
                        None,
                        r.partition,
                        r.offset,
                        r.headers,
                        r.value,
                    )
                )
        pause = 0.05
        while True:
            try:
                await self.applier.apply(envelopes, letters)
            except Exception as error:
                log.warning(
                    "batch_postponed",
                    consumer=self.applier.consumer,
                    error=type(error).__name__,
                    transient=is_transient(error),
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return

    async def hand_over(self, consumer: AIOKafkaConsumer) -> None:
        """Finish the batch under way before others get its partitions, if it does not take long.

        A topic that is no more is read from its start when it is back: offsets of the former one
        would skip what the new one begins with, which is new to those who know positions.
        """
        self._gone |= {t for t in consumer.subscription() if not consumer.partitions_for_topic(t)}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HAND_OVER_SECONDS), self._applying:
                pass
        await self.commit(consumer)

    def look_at(self, consumer: AIOKafkaConsumer, assigned: Collection[TopicPartition]) -> None:
        """Keep to the partitions that are this member's on all its streams.

        The others wait: another member has the same clients on other streams. So it is while a
        release with one stream more comes in, and for as long as somebody assigns who does not know
        this rule, which makes the process not ready.
        """
        for partition in assigned:
            if partition.topic in self._gone:
                consumer.seek(partition, 0)
        self._gone -= {partition.topic for partition in assigned}
        self.applier.forget()
        known = [t for t in consumer.subscription() if consumer.partitions_for_topic(t)]
        apart = split_off(known, assigned)
        consumer.pause(*apart)
        self._strange = bool(apart) and not self._together.known
        metrics.partitions_apart.labels(self.applier.consumer).set(len(apart))
        tell = log.error if self._strange else log.warning if apart else log.info
        tell("partitions_assigned", count=len(assigned), apart=len(apart))

    async def commit(self, consumer: AIOKafkaConsumer) -> None:
        """Tell the broker how far this member has come; it is only where to start reading again.

        The library repeats a commit for as long as a topic is missing, so this does not wait long.
        """
        assigned = {tp for tp in consumer.assignment() if tp.topic not in self._gone}
        offsets = {tp: offset for tp, offset in self._done.items() if tp in assigned}
        self._done.clear()
        if offsets:
            with contextlib.suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(HAND_OVER_SECONDS):
                    await consumer.commit(offsets)


class CommitOnRevoke(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Finishes and commits before partitions move to another member."""

    def __init__(self, owner: Consumer, consumer: AIOKafkaConsumer) -> None:
        self.owner = owner
        self.consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self.owner.hand_over(self.consumer)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.owner.look_at(self.consumer, list(assigned))
