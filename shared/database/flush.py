"""What a transaction writes just before its commit: its events and its remembered answer.

One event is written by one statement that takes the next number of its key's stream, so that the
row of the stream stays locked until the commit and commit order is sequence order per key. Several
events are numbered in one statement too, keys in sorted order so that transactions cannot deadlock.
"""

import orjson

from shared.database.transaction import IdempotentAnswer, Transaction

NUMBER_AND_PUBLISH = """
head AS (
  INSERT INTO platform.streams AS s (stream, key, sequence) VALUES ($1, $2, 1)
  ON CONFLICT (stream, key) DO UPDATE SET sequence = s.sequence + 1
  RETURNING sequence
), journaled AS (
  INSERT INTO platform.journal
    (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
  SELECT $1, $2, sequence, $3, $4, $5, $6, $7, $8 FROM head
)
INSERT INTO platform.outbox
  (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
SELECT $1, $2, sequence, $3, $4, $5, $6, $7, $8 FROM head
"""

PUBLISH_ONE = f"WITH {NUMBER_AND_PUBLISH}"
ANSWER_AND_PUBLISH_ONE = f"""
WITH remembered AS (
  INSERT INTO platform.idempotency_keys
    (subject, key, operation, body_hash, status, headers, body, answered_at)
  VALUES ($9, $10, $11, $12, $13, $14::text::jsonb, $15, $6)
), {NUMBER_AND_PUBLISH}
"""  # noqa: S608 - constants only

PUBLISH_MANY = """
WITH given AS (
  SELECT *, row_number() OVER (PARTITION BY stream, key ORDER BY place) AS nth
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])
    WITH ORDINALITY AS g(stream, key, event_id, type, dataschema, traceparent, payload, place)
), raised AS (
  INSERT INTO platform.streams AS s (stream, key, sequence)
  SELECT stream, key, count(*) FROM given GROUP BY stream, key ORDER BY stream, key
  ON CONFLICT (stream, key) DO UPDATE SET sequence = s.sequence + excluded.sequence
  RETURNING stream, key, sequence
), last AS (
  SELECT stream, key, max(nth) AS count FROM given GROUP BY stream, key
), numbered AS (
  SELECT given.*, raised.sequence - last.count + given.nth AS sequence
  FROM given JOIN raised USING (stream, key) JOIN last USING (stream, key)
), journaled AS (
  INSERT INTO platform.journal
    (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
  SELECT stream, key, sequence, event_id, type, dataschema, $8, traceparent, payload FROM numbered
)
INSERT INTO platform.outbox
  (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
SELECT stream, key, sequence, event_id, type, dataschema, $8, traceparent, payload
FROM numbered ORDER BY place
"""

REMEMBER = """
INSERT INTO platform.idempotency_keys
  (subject, key, operation, body_hash, status, headers, body, answered_at)
VALUES ($2, $3, $4, $5, $6, $7::text::jsonb, $8, $1)
"""


async def flush(tx: Transaction) -> None:
    """Write what `tx` publishes and remembers; the common case, one of each, in one round trip."""
    events = tx.outgoing
    remembered = _remembered(tx.answer) if tx.answer is not None else ()
    if len(events) == 1:
        e = events[0]
        await tx.execute(
            ANSWER_AND_PUBLISH_ONE if remembered else PUBLISH_ONE,
            e.stream,
            e.key,
            e.event_id,
            e.type,
            e.dataschema,
            tx.now,
            e.traceparent,
            e.payload,
            *remembered,
        )
        return
    if remembered:
        await tx.execute(REMEMBER, tx.now, *remembered)
    if events:
        await tx.execute(
            PUBLISH_MANY,
            [e.stream for e in events],
            [e.key for e in events],
            [e.event_id for e in events],
            [e.type for e in events],
            [e.dataschema for e in events],
            [e.traceparent for e in events],
            [e.payload for e in events],
            tx.now,
        )


def _remembered(answer: IdempotentAnswer) -> tuple[object, ...]:
    return (
        answer.subject,
        answer.key,
        answer.operation,
        answer.body_hash,
        answer.status,
        orjson.dumps(answer.headers).decode(),
        answer.body,
    )
