"""What is still under way in a service, and the figures that prove that nothing was missed.

For each stream a publisher gives the number of its keys and events; for each consumer the number
of events applied of each stream. When both are equal for every stream, every event had its effect:
positions never run ahead of the sequence that was given.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.contracts.topics import BY_STREAM
from shared.database.transaction import Transaction
from shared.jobs import Job, next_dues
from shared.messaging.feed import Feed

STREAMS = """
SELECT coalesce(json_agg(s ORDER BY s.stream), '[]')::text FROM (
  SELECT stream, count(*) AS keys, coalesce(sum(sequence), 0)::bigint AS events
  FROM platform.streams GROUP BY stream
) s
"""
FIGURES = {
    "unpublished": "SELECT count(*) FROM platform.outbox",
    "set_aside": "SELECT count(*) FROM platform.set_aside",
    "dead_letters": "SELECT count(*) FROM platform.dead_letters WHERE resolution IS NULL",
    "skipped": "SELECT count(*) FROM platform.dead_letters WHERE resolution = 'skipped'",
    "streams": STREAMS,
    "applied": """
SELECT coalesce(json_agg(a ORDER BY a.consumer, a.stream), '[]')::text FROM (
  SELECT consumer, stream, count(*) AS keys, coalesce(sum(sequence), 0)::bigint AS events
  FROM platform.positions GROUP BY consumer, stream
) a
""",
}


class PublishedStream(BaseModel):
    """How much of a stream was published."""

    model_config = ConfigDict(frozen=True)

    stream: str = Field(examples=["intake"])
    keys: int = Field(description="Keys with at least one event.", examples=[12])
    events: int = Field(description="Events published on all keys.", examples=[48])


class AppliedStream(PublishedStream):
    """How much of a stream a consumer has applied."""

    consumer: str = Field(examples=["scheduling"])


class Lag(BaseModel):
    """How far the service's consumer is behind a stream that it reads."""

    model_config = ConfigDict(frozen=True)

    stream: str = Field(examples=["intake"])
    applied: int = Field(description="Events applied.", examples=[46])
    published: int | None = Field(
        description="Events published; null while the publisher does not say.", examples=[48]
    )
    lag: int | None = Field(
        description="Events that were published and are not applied; null while it is not known.",
        examples=[2],
    )


PUBLISHED = TypeAdapter(list[PublishedStream])
APPLIED = TypeAdapter(list[AppliedStream])


class Pending(BaseModel):
    """Everything of one service that is not at rest, and the proof figures."""

    model_config = ConfigDict(frozen=True)

    service: str = Field(examples=["intake"])
    now: datetime = Field(description="The service's present instant.")
    unpublished: int = Field(description="Events committed and not yet acknowledged by the broker.")
    set_aside: int = Field(description="Events that the broker does not take, and those behind.")
    due: int = Field(description="Jobs with work at the present instant.")
    next_due_at: datetime | None = Field(description="The next instant at which a job has work.")
    dead_letters: int = Field(description="Dead letters that are not resolved.")
    skipped: int = Field(description="Records that an operator skipped: without effect for good.")
    waiting: dict[str, int] = Field(description="Other work under way, by name.")
    streams: list[PublishedStream]
    applied: list[AppliedStream]
    consumes: list[str] = Field(description="Streams that this service's consumer reads.")

    @property
    def at_rest(self) -> bool:
        """Whether the service has nothing to do at this instant but to apply what may come."""
        return not (self.unpublished or self.set_aside or self.due or any(self.waiting.values()))


class Flow(Pending):
    """What is under way, and how far the consumer is behind."""

    lags: list[Lag]


async def pending(
    tx: Transaction,
    service: str,
    *,
    jobs: Sequence[Job] = (),
    waiting: Mapping[str, str] | None = None,
    consumes: Sequence[str] = (),
) -> Pending:
    """The figures of one service at the instant of `tx`; of `waiting` each is the query of a
    number, or of NULL where one more look has to tell whether the work is over."""
    others = waiting or {}
    beside = [*FIGURES.values(), *others.values()]
    dues, values = await next_dues(tx, jobs, beside)
    if None in values:
        dues, values = await next_dues(tx, jobs, beside)
    due_at = [at for at in dues if at is not None]
    told = dict(zip(FIGURES, values, strict=False))
    return Pending(
        **told
        | {
            "service": service,
            "now": tx.now,
            "due": sum(at <= tx.now for at in due_at),
            "next_due_at": min((at for at in due_at if at > tx.now), default=None),
            "waiting": {
                name: number or 0
                for name, number in zip(others, values[len(FIGURES) :], strict=True)
            },
            "streams": PUBLISHED.validate_json(told["streams"]),
            "applied": APPLIED.validate_json(told["applied"]),
            "consumes": list(consumes),
        }
    )


async def published(tx: Transaction) -> list[PublishedStream]:
    """How much of each stream this service published."""
    return PUBLISHED.validate_json(await tx.fetchval(STREAMS))


async def flow(found: Pending, feed: Feed) -> Flow:
    """`found` with the lag of each numbered stream, for which each publisher is asked once.

    What is applied was counted before what is published, so that nothing newer counts as applied.
    """
    streams = [BY_STREAM[stream] for stream in found.consumes if not BY_STREAM[stream].derived]
    publishers = sorted({topic.producer for topic in streams})
    told = dict(
        zip(publishers, await asyncio.gather(*map(feed.published, publishers)), strict=True)
    )
    applied = {one.stream: one.events for one in found.applied}
    lags = []
    for topic in streams:
        events, figures = applied.get(topic.stream, 0), told[topic.producer]
        published = None if figures is None else figures.get(topic.stream, 0)
        lag = None if published is None else max(0, published - events)
        lags.append(Lag(stream=topic.stream, applied=events, published=published, lag=lag))
    return Flow(**dict(found), lags=lags)
