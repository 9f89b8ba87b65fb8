"""The engagement worker: a Faust app from attendance to EngagementChanged.

At-least-once: an event is done, and its offset committed, when the broker has acknowledged both the
window and the figures that it led to; the state is idempotent by construction (`rules`).
Every event of a session, a replayed one too, is answered with the current figures, so that none can
get lost; the consumer keeps the latest.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, cast

import faust
import structlog
import uvloop
from faust.types import EventT, StreamT
from mode import Service, Worker
from opentelemetry.trace import SpanKind

from services.outcomes.engagement.rules import SessionEvent, Unusable, Window, summary, with_event
from services.outcomes.engagement.table import Windows
from shared import clock
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import SessionAttended, SessionMissed, SessionNotHeld
from shared.contracts.topics import BY_STREAM
from shared.ids import new_id
from shared.messaging import records
from shared.messaging.envelope import (
    Received,
    Undecodable,
    headers_of,
    open_envelope,
    read_payload,
)
from shared.messaging.spans import attributes
from shared.settings import Settings
from shared.telemetry import metrics, tracing
from shared.telemetry.tracing import current_traceparent, span_from
from shared.web.beside import Beside, beside

log = structlog.get_logger()

SOURCE = "scheduling"
TARGET = "engagement"
CHANGELOG = "engagement-windows-changelog"
CONSUMER = "outcomes-engagement"
UNDER_WAY = 1_000
"""Events that may wait for the broker's acknowledgement."""
CONTRACTS: dict[str, type[SessionEvent]] = {
    contract.type_name(): contract for contract in (SessionAttended, SessionMissed, SessionNotHeld)
}


Done = asyncio.Queue[tuple[EventT[bytes], list[Awaitable[Any]]]]
"""Events in the order of the source, each with what must be acknowledged before it is done."""


class EngagementApp(faust.App):
    """Keeps its state in memory and in Kafka, and nothing on this machine's disk."""

    def _create_directories(self) -> None: ...


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
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=BY_STREAM[SOURCE].partitions,
    )
    target = app.topic(
        f"{prefix}{BY_STREAM[TARGET].name}",
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )
    windows = cast(
        Windows,
        app.Table(
            "engagement-windows",
            partitions=BY_STREAM[SOURCE].partitions,
            changelog_topic=app.topic(
                f"{prefix}{BY_STREAM[CHANGELOG].name}",
                key_serializer="json",
                value_serializer="json",
                partitions=BY_STREAM[CHANGELOG].partitions,
                compacting=True,
            ),
        ),
    )

    done: Done = asyncio.Queue(maxsize=UNDER_WAY)

    @app.agent(source, name="engagement")
    async def follow_attendance(stream: StreamT[bytes]) -> None:
        async for event in cast(faust.Stream[bytes], stream).noack().events():
            received = told_of_session(event)
            sent = [] if received is None else await answer(received)
            await done.put((event, sent))

    async def answer(received: Received[SessionEvent]) -> list[Awaitable[Any]]:
        with span_from(
            received.traceparent,
            f"process stepwell.{SOURCE}",
            kind=SpanKind.CONSUMER,
            attributes=attributes("process", SOURCE, received.type)
            | {"messaging.consumer.group.name": CONSUMER},
        ):
            try:
                window = with_event(
                    windows.get(received.key), received.event, received.sequence or 0
                )
            except Unusable as error:
                passed_over(error)
                return []
            windows[received.key] = window
            changed = engagement(received.key, window)
            told = await target.send(
                key=received.key.encode(),
                value=changed.model_dump_json().encode(),
                headers=headers_of(
                    stream=TARGET,
                    key=received.key,
                    sequence=None,
                    event_id=str(new_id()),
                    type=changed.type_name(),
                    dataschema=changed.schema_name(),
                    occurred_at=clock.now(),
                    traceparent=current_traceparent(),
                    schema_base=settings.schema_base,
                ),
            )
            metrics.applied.labels(CONSUMER, SOURCE).inc()
            return [windows.sent, told]

    @app.task  # type: ignore[untyped-decorator]  # Faust's decorator has no types
    async def acknowledge() -> None:
        """One after the other, so that no offset is committed before an earlier event is done."""
        while True:
            event, sent = await done.get()
            await asyncio.gather(*sent)
            event.ack()

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


def told_of_session(event: EventT[bytes]) -> Received[SessionEvent] | None:
    """What a record tells of a session; None for other events and for what cannot be read."""
    headers = list(dict(event.message.headers or {}).items())
    try:
        envelope = open_envelope(SOURCE, event.message.key, event.message.value, headers)
        contract = CONTRACTS.get(envelope.type)
        if contract is None:
            return None
        return read_payload(envelope, contract)  # type: ignore[return-value]  # the contract is one of those
    except Undecodable as error:
        passed_over(error)
        return None


def passed_over(error: Undecodable | Unusable) -> None:
    """Count and log a record that could not be used; for the consumer it is a dead letter."""
    metrics.dead_lettered.labels(CONSUMER, "undecodable").inc()
    log.error("record_passed_over", stream=SOURCE, detail=str(error))


def engagement(client_id: str, window: Window) -> EngagementChanged:
    """The event that tells a window's figures."""
    return EngagementChanged.model_validate(
        {
            "client_id": client_id,
            "site_id": window["site_id"],
            "source_sequence": window["sequence"],
            **summary(window),
        }
    )


class Health(Service):
    """Serves health and metrics from the first moment of the worker to its last."""

    def __init__(self, server: Beside) -> None:
        super().__init__()
        self._server = server

    async def on_start(self) -> None:
        self.add_future(self._server.serve())

    async def on_stop(self) -> None:
        self._server.should_exit = True


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
        services.insert(0, Health(beside(settings, lambda: complaint(app))))
    worker = Worker(*services, loop=loop, override_logging=False, loglevel=None)
    try:
        worker.execute_from_commandline()
    finally:
        tracing.shutdown()
