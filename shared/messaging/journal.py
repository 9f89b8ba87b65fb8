"""The journal: what was published, for subscribers that missed something and for a lost topic."""

from typing import Any

from shared.access.caller import Caller
from shared.access.roles import Role
from shared.contracts.base import SCHEMA_BASE
from shared.contracts.topics import BY_STREAM
from shared.database.transaction import Transaction
from shared.errors import Forbidden, NotFound
from shared.messaging.envelope import schema_uri, source_of

EVENTS_AFTER = """
SELECT sequence, event_id, type, dataschema, occurred_at, traceparent, payload
FROM platform.journal WHERE stream = $1 AND key = $2 AND sequence > $3
ORDER BY sequence LIMIT $4
"""

REPUBLISH = """
WITH again AS (
  INSERT INTO platform.outbox
    (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
  SELECT stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload
  FROM platform.journal
  WHERE stream = $1 AND (key, sequence) > ($2, $3) AND ($4::text IS NULL OR key = $4)
  ORDER BY key, sequence LIMIT $5
  RETURNING key, sequence
)
SELECT (SELECT count(*) FROM again) AS count, key, sequence
FROM again ORDER BY key DESC, sequence DESC LIMIT 1
"""


class NoSuchStream(NotFound):
    """This service does not publish such a stream."""


def check_published(service: str, stream: str) -> None:
    """Refuse a stream that `service` does not publish through its outbox."""
    topic = BY_STREAM.get(stream)
    if topic is None or topic.producer != service or topic.derived:
        raise NoSuchStream(f"{service} does not publish a stream of that name.")


def check_readable(stream: str, caller: Caller) -> None:
    """Refuse a stream to whoever may not read its topic on the broker.

    Raises:
        Forbidden: the topic does not name the service, or the token not the topic.
    """
    topic = BY_STREAM[stream]
    if caller.role == Role.SUBSCRIBER:
        if not topic.open_to_subscribers or stream not in caller.topics:
            raise Forbidden("The access token does not name this topic.")
    elif caller.subject not in topic.readers:
        raise Forbidden(f"Only {', '.join(topic.readers)} may read this stream.")


async def events_after(
    tx: Transaction,
    *,
    stream: str,
    key: str,
    after: int,
    limit: int,
    schema_base: str = SCHEMA_BASE,
) -> list[dict[str, Any]]:
    """Events of a key with a higher sequence than `after`, in order, as CloudEvents attributes.

    `data` is the payload as JSON text, byte for byte as it was published; `schema_base` is as in
    `shared.messaging.envelope.schema_uri`.
    """
    rows = await tx.fetch(EVENTS_AFTER, stream, key, after, limit)
    return [
        {
            "id": r["event_id"],
            "source": source_of(stream),
            "type": r["type"],
            "subject": key,
            "sequence": r["sequence"],
            "time": r["occurred_at"].isoformat().replace("+00:00", "Z"),
            "dataschema": schema_uri(r["dataschema"], schema_base),
            "traceparent": r["traceparent"],
            "data": bytes(r["payload"]).decode(),
        }
        for r in rows
    ]


async def republish(
    tx: Transaction,
    *,
    stream: str,
    key: str | None = None,
    after: tuple[str, int] = ("", 0),
    limit: int = 5_000,
) -> tuple[int, tuple[str, int]]:
    """Queue a page of journaled events for the relay once more, in the order of each key.

    Subscribers skip what they applied before. Returns how many were queued and the position to go
    on from; call again until nothing was queued.
    """
    row = await tx.fetchrow(REPUBLISH, stream, after[0], after[1], key, limit)
    if row is None:
        return 0, after
    tx.requeue()
    return row["count"], (row["key"], row["sequence"])


async def prepare(tx: Transaction) -> None:
    """Make the partitions of journal and audit for this month and the next two."""
    await tx.execute("SELECT platform.prepare_months($1)", tx.now)
