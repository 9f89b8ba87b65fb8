"""The engagement worker: a Faust app from attendance to EngagementChanged.

At-least-once: offsets are committed after everything that was sent is acknowledged, and the state
is idempotent by construction (`rules`). Every attendance event, a replayed one too, is answered
with the current figures, so that none can get lost; the consumer keeps the latest.
"""

import asyncio
from typing import Any

import faust
import structlog
from faust.types import EventT, StreamT
from mode import Worker
from opentelemetry.trace import SpanKind

from services.outcomes.engagement.rules import Window, summary, with_event
from shared import clock
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import AttendanceEvent, SessionAttended, SessionMissed
from shared.contracts.topics import BY_STREAM
from shared.ids import new_id
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

log = structlog.get_logger()

SOURCE = "scheduling"
TARGET = "engagement"
CHANGELOG = "engagement-windows-changelog"
CONTRACTS: dict[str, type[AttendanceEvent]] = {
    SessionAttended.type_name(): SessionAttended,
    SessionMissed.type_name(): SessionMissed,
}


def application(settings: Settings) -> faust.App:
    """The Faust app; the platform has created all its topics."""
    prefix = settings.kafka_topic_prefix
    credentials = None
    if settings.kafka_security_protocol.startswith("SASL"):
        credentials = faust.SASLCredentials(
            mechanism="PLAIN",
            username=settings.kafka_username,
            password=settings.kafka_password,
            ssl_context=None,
        )
    app = faust.App(
        id=f"{prefix}outcomes-engagement",
        broker=[f"kafka://{server}" for server in settings.kafka_bootstrap_servers.split(",")],
        broker_credentials=credentials,
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
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
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
    windows = app.Table(
        "engagement-windows",
        partitions=BY_STREAM[SOURCE].partitions,
        changelog_topic=app.topic(
            f"{prefix}{BY_STREAM[CHANGELOG].name}",
            key_serializer="json",
            value_serializer="json",
            partitions=BY_STREAM[CHANGELOG].partitions,
            compacting=True,
        ),
    )

    @app.agent(source, name="engagement")
    async def follow_attendance(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            received = attendance(event)
            if received is None or received.sequence is None:
                continue
            with span_from(
                received.traceparent,
                f"process stepwell.{SOURCE}",
                kind=SpanKind.CONSUMER,
                attributes=attributes("process", SOURCE, received.type)
                | {"messaging.consumer.group.name": "outcomes-engagement"},
            ):
                known: Window | None = windows.get(received.key)
                window = with_event(known, received.event, received.sequence)
                windows[received.key] = window
                changed = engagement(received.key, window)
                await target.send(
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
                    ),
                )
                metrics.applied.labels("outcomes-engagement", SOURCE).inc()

    @app.on_partitions_assigned.connect
    async def say_assigned(*arguments: Any, **_: Any) -> None:
        own = sum(tp.topic == source.get_topic_name() for tp in arguments[1])
        log.info("engagement_partitions", count=own)

    return app


def attendance(event: EventT[bytes]) -> Received[AttendanceEvent] | None:
    """The attendance event in a record; None for other events and for what cannot be read."""
    headers = list(dict(event.message.headers or {}).items())
    try:
        envelope = open_envelope(SOURCE, event.message.key, event.message.value, headers)
        contract = CONTRACTS.get(envelope.type)
        return None if contract is None else read_payload(envelope, contract)  # type: ignore[return-value]  # the contract is an attendance event
    except Undecodable as error:
        metrics.dead_lettered.labels("outcomes-engagement", "undecodable").inc()
        log.error("record_passed_over", stream=SOURCE, detail=str(error))
        return None


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


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(application(settings), loop=loop, override_logging=False, loglevel=None)
    try:
        worker.execute_from_commandline()
    finally:
        tracing.shutdown()
