"""The engagement worker: a Faust app from attendance to EngagementChanged.

At-least-once: an event is done, and its offset committed, when the broker has acknowledged both the
window and the figures that it led to; the state is idempotent by construction (`rules`).
What has come is worked on together. Each client of whom it tells, be it a replay, is answered once
with the figures after the last of it, so that none can get lost; the consumer keeps the latest. An
event whose trace is recorded has an answer of its own, in that trace.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any, cast

import faust
import structlog
import uvloop
from faust.types import EventT, StreamT
from mode import Service, Worker
from opentelemetry.trace import SpanKind

from services.outcomes.engagement.app import EngagementApp, Fetched, WholePieces
from services.outcomes.engagement.health import Health
from services.outcomes.engagement.rules.figures import figures_as_json
from services.outcomes.engagement.rules.window import Unusable, Window, with_event
from services.outcomes.engagement.table import Windows, key_of
from services.outcomes.engagement.wire import SOURCE, Outgoing, told_of_session
from shared import clock
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.topics import BY_STREAM
from shared.ids import new_id
from shared.messaging import records
from shared.messaging.envelope import Undecodable, headers_of
from shared.messaging.producer import producer_of
from shared.messaging.spans import attributes
from shared.process import collect_rarely
from shared.settings import Settings
from shared.telemetry import metrics, tracing
from shared.telemetry.tracing import current_traceparent, is_sampled, span_from

log = structlog.get_logger()

TARGET = "engagement"
CHANGELOG = "engagement-windows-changelog"
CONSUMER = "outcomes-engagement"
BATCH = 2_000
"""Events that are worked on together, about; it takes a tenth of a second."""
FETCHED_BYTES, WAITING = 256 * 1024, 16
"""What is read of a partition together, and how many such pieces may wait to be worked on: more
would only take memory, most of all while the windows are read back."""
TAKEN_IN = 2
"""Pieces of the changelog that are taken in together; with one Faust would take other ways."""
UNDER_WAY = 4
"""Batches that may wait for the broker's acknowledgement."""

UnderWay = asyncio.Queue[tuple[Sequence[EventT[Fetched]], Sequence[Awaitable[Any]]]]
"""Pieces in the order of the source, with what must be acknowledged before they are done."""


def application(settings: Settings) -> faust.App:
    """The Faust app; the platform has created all its topics."""
    records.install()
    prefix = settings.kafka_topic_prefix
    app = EngagementApp(
        id=f"{prefix}outcomes-engagement",
        broker=[f"kafka://{server}" for server in settings.kafka_bootstrap_servers.split(",")],
        broker_credentials=credentials(settings),
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_request_timeout=15.0,
        broker_commit_interval=0.5,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=FETCHED_BYTES,
        broker_max_poll_records=BATCH,
        ConsumerScheduler=WholePieces,
        stream_buffer_maxsize=WAITING,
        processing_guarantee="at_least_once",
        producer_acks=-1,
        producer_linger=0.0,
        store="memory://",
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        Table=Windows,
    )
    source = app.topic(
        f"{prefix}{BY_STREAM[SOURCE].name}",
        key_serializer="raw",
        value_serializer="raw",
        partitions=BY_STREAM[SOURCE].partitions,
    )
    windows = cast(
        Windows,
        app.Table(
            "engagement-windows",
            partitions=BY_STREAM[SOURCE].partitions,
            recovery_buffer_size=TAKEN_IN,
            changelog_topic=app.topic(
                f"{prefix}{BY_STREAM[CHANGELOG].name}",
                key_serializer="raw",
                value_serializer="raw",
                partitions=BY_STREAM[CHANGELOG].partitions,
                compacting=True,
            ),
        ),
    )
    answers = Answers(settings, windows)
    under_way: UnderWay = asyncio.Queue(maxsize=UNDER_WAY)

    @app.agent(source, name="engagement")
    async def follow_attendance(stream: StreamT[Fetched]) -> None:
        """Takes what has come straight from the stream's queue: all that waits together."""
        queue = cast(Any, stream).channel.queue
        producer = producer_of(settings, "engagement")
        await producer.start()
        try:
            while True:
                pieces: list[EventT[Fetched]] = [await queue.get()]
                attendance = list(pieces[0].value)
                while len(attendance) < BATCH and not queue.empty():
                    pieces.append(queue.get_nowait())
                    attendance += pieces[-1].value
                outgoing = Outgoing(producer)
                answers.give(attendance, outgoing)
                await under_way.put((pieces, await outgoing.send()))
        except StopAsyncIteration:
            return  # Faust's way to end a stream
        except Exception as error:  # else Faust would go on behind these events
            await app.crash(error)
            raise
        finally:
            await producer.stop()

    @app.task  # type: ignore[untyped-decorator]  # Faust's decorator has no types
    async def acknowledge() -> None:
        """One after the other, so that no offset is committed before an earlier event is done."""
        while True:
            pieces, sent = await under_way.get()
            await asyncio.gather(*sent)
            for piece in pieces:
                piece.ack()

    @app.on_rebalance_complete.connect
    async def hold(*_: Any, **__: Any) -> None:
        """Read no event between recovery and going back to the committed offsets.

        Faust lets the source flow again just before it goes back. Events that are read in between
        are thrown away, and the later ones count as done with those before them.
        """
        app.consumer.stop_flow()

    @app.on_partitions_assigned.connect
    async def say_assigned(*arguments: Any, **_: Any) -> None:
        own = [tp.partition for tp in arguments[1] if tp.topic == source.get_topic_name()]
        log.info("engagement_partitions", partitions=sorted(own))

    return app


def credentials(settings: Settings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """How the worker makes itself known to the broker; None where everybody is let in."""
    protocol = settings.kafka_security_protocol
    encryption = settings.kafka_tls
    if protocol.startswith("SASL"):
        return faust.SASLCredentials(
            mechanism=settings.kafka_sasl_mechanism,
            username=settings.kafka_username,
            password=settings.kafka_password,
            ssl_context=encryption,
        )
    return faust.SSLCredentials(encryption) if encryption else None


class Answers:
    """From attendance to windows and figures."""

    def __init__(self, settings: Settings, windows: Windows) -> None:
        self._windows = windows
        self._schema_base = settings.schema_base
        prefix = settings.kafka_topic_prefix
        self._changelog = f"{prefix}{BY_STREAM[CHANGELOG].name}"
        self._target = f"{prefix}{BY_STREAM[TARGET].name}"

    def give(self, attendance: Fetched, outgoing: Outgoing) -> None:
        """Take records into the windows, and put the answers among what goes out."""
        known = self._windows.known
        awaiting: dict[str, tuple[int, str | None]] = {}
        count = 0
        for record in attendance:
            try:
                told = told_of_session(record)
                if told is None:
                    continue
                key, client = key_of(told.key), told.key
                window = with_event(known.get(key), told.event, told.sequence or 0)
            except (Undecodable, Unusable) as error:
                passed_over(error)
                continue
            known[key] = window
            count += 1
            if told.traceparent is not None and is_sampled(told.traceparent):
                awaiting.pop(client, None)
                with span_from(
                    told.traceparent,
                    f"process stepwell.{SOURCE}",
                    kind=SpanKind.CONSUMER,
                    attributes=attributes("process", SOURCE, told.type)
                    | {"messaging.consumer.group.name": CONSUMER},
                ):
                    trace = current_traceparent()
                    self._answer(client, window, record.partition, trace, outgoing)
            else:
                awaiting[client] = record.partition, told.traceparent
        for client, (partition, trace) in awaiting.items():
            self._answer(client, known[key_of(client)], partition, trace, outgoing)
        metrics.applied.labels(CONSUMER, SOURCE).inc(count)

    def _answer(
        self, client: str, window: Window, partition: int, trace: str | None, outgoing: Outgoing
    ) -> None:
        """The window goes to its changelog, and the figures to who reads them.

        Both to the partition that the attendance came from: a client's is the same on all topics.
        """
        outgoing.add(self._changelog, partition, key_of(client), window)
        headers = headers_of(
            stream=TARGET,
            key=client,
            sequence=None,
            event_id=str(new_id()),
            type=EngagementChanged.type_name(),
            dataschema=EngagementChanged.schema_name(),
            occurred_at=clock.now(),
            traceparent=trace,
            schema_base=self._schema_base,
        )
        figures = figures_as_json(client, window)
        outgoing.add(self._target, partition, client.encode(), figures, headers)


def passed_over(error: Undecodable | Unusable) -> None:
    """Count and log a record that could not be used; for the consumer it is a dead letter."""
    metrics.dead_lettered.labels(CONSUMER, "undecodable").inc()
    log.error("record_passed_over", stream=SOURCE, detail=str(error))


def complaint(app: faust.App) -> str | None:
    """Why the worker answers no attendance yet; None when it does."""
    recovery = cast(Any, app.tables).recovery
    if app.rebalancing or app.in_recovery or not recovery.completed.is_set():
        return "The partitions are being shared out, or the windows read back."
    return None


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Health and metrics are served where `STEPWELL_PORT` is set, as
    several workers of one machine may have no port each."""
    logging.getLogger("faust.topics").setLevel(logging.CRITICAL)  # it would log unsent figures
    logging.getLogger("faust.transport.producer").setLevel(logging.ERROR)  # it tells of each burst
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # for Faust's consumer thread too
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = application(settings)
    services: list[Service] = [app]
    if "port" in settings.model_fields_set:
        services.insert(0, Health(settings, lambda: complaint(app)))
    worker = Worker(*services, loop=loop, override_logging=False, loglevel=None)
    collect_rarely()
    try:
        worker.execute_from_commandline()
    finally:
        tracing.shutdown()
