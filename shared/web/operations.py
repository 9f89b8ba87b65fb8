"""What operators and subscribers ask of every service: events, work under way, dead letters."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from shared.access import Role
from shared.database import ALL_SITES
from shared.messaging import dead_letters, journal, retry, set_aside
from shared.messaging.applier import Applier
from shared.messaging.envelope import LARGEST_SEQUENCE
from shared.messaging.faults import is_transient
from shared.messaging.pending import Flow, Pending, PublishedStream, published
from shared.web import Allowed, Call, Router
from shared.web.models import (
    Instant,
    Page,
    Shown,
    Strict,
    encode_cursor,
    read_cursor,
    sequence_number,
)
from shared.web.problems import Busy

router = Router(tags=["Operations"])

LOOK_SECONDS = 0.005
LONGER = 1.3
"""Between two looks for whoever waits until the service is at rest, each so many times longer."""

Observer = Annotated[Call, Allowed(Role.OPERATOR, Role.REGIONAL_OPERATIONS, everywhere=True)]
Peer = Annotated[
    Call, Allowed(Role.SERVICE, Role.OPERATOR, Role.REGIONAL_OPERATIONS, everywhere=True)
]
Operator = Annotated[Call, Allowed(Role.OPERATOR, everywhere=True)]
Subscriber = Annotated[Call, Allowed(Role.SERVICE, Role.SUBSCRIBER, everywhere=True)]


class JournaledEvent(Shown):
    """An event as it was published: CloudEvents attributes and the payload as JSON text."""

    id: str = Field(examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"])
    source: str = Field(examples=["/stepwell/intake"])
    type: str = Field(examples=["org.stepwell.intake.ClientEnrolled.v1"])
    subject: str = Field(
        description="The key of the event.", examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"]
    )
    sequence: int = Field(description="Its number in the key's stream: 1, 2, 3 … without a gap.")
    time: str = Field(examples=["2026-03-02T14:30:00Z"])
    dataschema: str = Field(examples=["urn:stepwell:schema:intake.ClientEnrolled.v1.1"])
    traceparent: str | None = Field(
        examples=["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]
    )
    data: str = Field(
        description="The payload, byte for byte as it was published.",
        examples=['{"client_id":"01a20e20-97d3-779f-8fac-673dd9f7f455"}'],
    )


class JournaledEvents(Page[JournaledEvent]):
    """Events of one key in order, and where to go on."""

    next: str | None = Field(
        description="Give it as `after` to get the next part; null at the end.", examples=[None]
    )


class DeadLetter(Shown):
    """A record that the consumer could not apply; its content is not shown."""

    id: int
    consumer: str = Field(examples=["outcomes"])
    stream: str = Field(examples=["intake"])
    key: str = Field(examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"])
    sequence: int | None
    type: str | None = Field(examples=["org.stepwell.intake.ClientEnrolled.v1"])
    reason: str = Field(examples=["handler_failed"])
    detail: str = Field(description="The kind of the error.", examples=["ValueError"])
    partition: int
    record_offset: int
    failed_at: Instant
    attempts: int
    resolution: str | None = Field(examples=["applied"])
    resolved_at: Instant | None
    resolved_by: str | None = Field(description="Who did it, as their token says.", examples=[None])


class StoppedKey(Strict):
    """A key with dead letters."""

    stream: str = Field(max_length=100, examples=["intake"])
    key: str = Field(max_length=200, examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"])


class SkippedKey(StoppedKey):
    """A key, and how far to go on without applying."""

    up_to_sequence: int = Field(
        ge=1, le=LARGEST_SEQUENCE, description="The consumer goes on after this number."
    )


class Retried(Shown):
    """What a retry did."""

    applied: int
    remaining: int


class Skipped(Shown):
    """What was skipped."""

    skipped: int


class EventSetAside(Shown):
    """An event that the broker did not take, or one behind it; its content is not shown."""

    stream: str = Field(examples=["intake"])
    key: str = Field(examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"])
    sequence: int
    type: str = Field(examples=["org.stepwell.intake.ClientEnrolled.v1"])
    reason: Literal["too_large", "no_topic", "behind"]
    bytes: int = Field(description="Size of the payload.", examples=[700_000])
    set_aside_at: Instant


class KeySetAside(StoppedKey):
    """A key whose events were set aside, and whether the first is not to be sent."""

    pass_over: bool = False


class Sent(Shown):
    """How many events were given back to the relay."""

    sent: int


class Republished(Shown):
    """How many events were queued for the relay once more, and where to go on."""

    queued: int
    next: str | None = Field(
        description="Give it as `cursor` to go on; null at the end.", examples=[None]
    )


@router.get("/events", summary="Events that a subscriber missed")
async def list_events(
    call: Subscriber,
    topic: Annotated[str, Query(max_length=100, examples=["intake"])],
    key: Annotated[str, Query(max_length=200)],
    after: Annotated[int, Query(ge=0, description="The last sequence that was applied.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> JournaledEvents:
    """The journal of one key, in order, from the sequence after `after` on.

    `topic` is the stream, with or without the prefix `stepwell.`. Who may read it on the broker may
    read it here: the services that it names, and a subscriber whose token names it.
    """
    stream = topic.removeprefix("stepwell.")
    journal.check_published(call.request.app.state.service.name, stream)
    journal.check_readable(stream, call.caller)
    rows = await call.database.run(
        ALL_SITES,
        partial(
            journal.events_after,
            stream=stream,
            key=key,
            after=after,
            limit=limit + 1,
            schema_base=call.request.app.state.settings.schema_base,
        ),
    )
    events = [JournaledEvent(**row) for row in rows[:limit]]
    more = len(rows) > limit
    return JournaledEvents(items=events, next=str(events[-1].sequence) if more else None)


@router.get("/operations/pending", summary="What is under way")
async def get_pending(
    call: Observer,
    within: Annotated[
        int,
        Query(
            ge=0,
            le=1_000,
            description="Milliseconds in which the service may come to rest before it answers.",
        ),
    ] = 0,
) -> Pending:
    """Everything of this service that is not at rest, and the figures that prove completeness."""
    until, pause = time.monotonic() + within / 1_000, LOOK_SECONDS
    while True:
        found: Pending = await call.request.app.state.running.pending()
        if found.at_rest or time.monotonic() >= until:
            return found
        await asyncio.sleep(pause)
        pause *= LONGER


@router.get("/operations/flow", summary="What is under way, and how far behind")
async def get_flow(call: Observer) -> Flow:
    """What is under way, and the lag of each stream that this service's consumer reads.

    The lag counts events and needs the publishers: of one that does not answer it is null.
    """
    flow: Flow = await call.request.app.state.running.flow()
    return flow


@router.get("/operations/published", summary="How much was published")
async def list_published(call: Peer) -> Page[PublishedStream]:
    """Keys and events of each stream of this service, against which subscribers hold their own."""
    return Page(items=await call.database.run(ALL_SITES, published), next=None)


@router.get("/operations/dead-letters", summary="Dead letters")
async def list_dead_letters(
    call: Observer,
    resolved: Annotated[bool, Query(description="Show the resolved ones too.")] = False,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[DeadLetter]:
    """Records that this service's consumer could not apply, oldest first."""
    after = 0 if cursor is None else read_cursor(cursor, sequence_number)
    rows = await call.database.run(
        ALL_SITES, partial(dead_letters.listed, resolved=resolved, after=after, limit=limit + 1)
    )
    letters = [DeadLetter(**row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=letters, next=encode_cursor(str(letters[-1].id)) if more else None)


@router.post("/operations/dead-letters/retry", summary="Try a stopped key again")
async def retry_dead_letters(body: StoppedKey, call: Operator) -> Retried:
    """Apply the records of the key in order, until one fails again. Repeating it does no harm."""
    applier: Applier = call.request.app.state.running.applier
    with _busy():
        applied, remaining = await retry.retry(applier, body.stream, body.key, by=call.subject)
    return Retried(applied=applied, remaining=remaining)


@router.post("/operations/dead-letters/skip", summary="Go on without applying")
async def skip_dead_letters(body: SkippedKey, call: Operator) -> Skipped:
    """Tell the consumer to go on after a sequence; what is before stays without effect for good."""
    applier: Applier = call.request.app.state.running.applier
    with _busy():
        skipped = await call.database.run(
            ALL_SITES,
            lambda tx: retry.skip(
                tx,
                applier.consumer,
                body.stream,
                body.key,
                up_to=body.up_to_sequence,
                by=call.subject,
            ),
        )
    return Skipped(skipped=skipped)


@router.post("/operations/republish", summary="Refill a lost topic")
async def republish_events(
    call: Operator,
    stream: Annotated[str, Query(max_length=100, examples=["intake"])],
    key: Annotated[str | None, Query(max_length=200, description="One key only.")] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Republished:
    """Queue a part of the journal for the relay once more; subscribers skip what they applied."""
    journal.check_published(call.request.app.state.service.name, stream)
    after = ("", 0) if cursor is None else read_cursor(cursor, _place, _written)
    queued, position = await call.database.run(
        ALL_SITES, partial(journal.republish, stream=stream, key=key, after=after)
    )
    return Republished(queued=queued, next=encode_cursor(_written(position)) if queued else None)


@router.get("/operations/set-aside", summary="Events not taken by the broker")
async def list_set_aside(
    call: Observer,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[EventSetAside]:
    """Events of this service that the broker refused, and those of the same key behind each."""
    after = ("", "", 0) if cursor is None else read_cursor(cursor, _place_of_stream, _written)
    rows = await call.database.run(
        ALL_SITES, partial(set_aside.listed, after=after, limit=limit + 1)
    )
    events = [EventSetAside(**row) for row in rows[:limit]]
    more = len(rows) > limit
    last = [(event.stream, event.key, event.sequence) for event in events[-1:]]
    return Page(items=events, next=encode_cursor(_written(last[0])) if more else None)


@router.post("/operations/set-aside/retry", summary="Send the events of a key again")
async def retry_set_aside(body: KeySetAside, call: Operator) -> Sent:
    """Give the events of a key back to the relay, in order, once the broker takes them.

    With `pass_over` all but the first: subscribers get that one from the journal, as the next event
    of the key shows them that one is missing.
    """
    sent = await call.database.run(
        ALL_SITES,
        lambda tx: set_aside.send_again(tx, body.stream, body.key, pass_over=body.pass_over),
    )
    return Sent(sent=sent)


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    """The consumer works on the same key: nothing was done, and it can be tried again."""
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            raise
        raise Busy("The consumer is at work on this key: try again.") from error


def _place(text: str) -> tuple[str, int]:
    """A place in the journal: a key and a sequence.

    Raises:
        ValueError: it is none.
    """
    key, _, sequence = text.rpartition(" ")
    if "\0" in key:
        raise ValueError("no key has a null character")
    return key, sequence_number(sequence)


def _place_of_stream(text: str) -> tuple[str, str, int]:
    """A place among several streams: a stream, a key and a sequence.

    Raises:
        ValueError: it is none.
    """
    stream, _, rest = text.partition(" ")
    if "\0" in stream:
        raise ValueError("no stream has a null character")
    return stream, *_place(rest)


def _written(place: tuple[str | int, ...]) -> str:
    return " ".join(map(str, place))
