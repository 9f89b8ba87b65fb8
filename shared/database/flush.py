"""What a transaction writes just before its commit: what waits of `write`, its events, its
remembered answer, the note of whose records were seen or changed, and how far a consumer has come.

All of it is one statement, put together from the parts that there are. An event takes the next
number of its key's stream, so that the row of the stream stays locked until the commit and commit
order is sequence order per key; of several events keys come in sorted order, so that transactions
cannot deadlock.
"""

from functools import cache
from uuid import UUID

import orjson

from shared.database.columns import numbered
from shared.database.transaction import (
    Access,
    AppliedElsewhere,
    IdempotentAnswer,
    Outgoing,
    Reached,
    Transaction,
)
from shared.ids import new_id

ONE_EVENT = """
head AS (
  INSERT INTO platform.streams AS s (stream, key, sequence) VALUES ($1, $2, 1)
  ON CONFLICT (stream, key) DO UPDATE SET sequence = s.sequence + 1
  RETURNING sequence
), journaled AS (
  INSERT INTO platform.journal
    (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
  SELECT $1, $2, sequence, $3, $4, $5, $6, $7, $8 FROM head
), queued AS (
  INSERT INTO platform.outbox
    (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
  SELECT $1, $2, sequence, $3, $4, $5, $6, $7, $8 FROM head
  RETURNING id, stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload
)
"""

EVENTS = """
given AS (
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
), queued AS (
  INSERT INTO platform.outbox
    (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
  SELECT stream, key, sequence, event_id, type, dataschema, $8, traceparent, payload
  FROM numbered ORDER BY place
)
"""

ANSWER = """
remembered AS (
  INSERT INTO platform.idempotency_keys
    (subject, key, operation, body_hash, status, headers, body, answered_at, clients, sites)
  VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10)
)
"""

ONE_ACCESS = """
noted AS (
  INSERT INTO platform.audit
    (id, client_id, site_id, occurred_at, subject, role, operation, kind, reason)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
)
"""

ACCESSES = """
noted AS (
  INSERT INTO platform.audit
    (id, client_id, site_id, occurred_at, subject, role, operation, kind, reason)
  SELECT a.id, a.client_id, a.site_id, $4, $5, $6, $7, $8, $9
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS a(id, client_id, site_id)
)
"""

BEGIN = """
begun AS (
  INSERT INTO platform.positions (consumer, stream, key, sequence)
  SELECT $1, stream, key, sequence
  FROM unnest($2::text[], $3::text[], $4::bigint[]) AS g(stream, key, sequence)
  ORDER BY stream, key
)
"""
MOVE = """
moved AS (
  UPDATE platform.positions p SET sequence = g.sequence
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[])
    AS g(stream, key, sequence, reached)
  WHERE p.consumer = $1 AND p.stream = g.stream AND p.key = g.key AND p.sequence = g.reached
  RETURNING 1
)
"""
COUNT_MOVED = "(SELECT count(*) FROM moved)"


async def flush(tx: Transaction) -> None:
    """Write what `tx` publishes, remembers, notes and has reached; nothing where there is nothing.

    Raises:
        AppliedElsewhere: a position was no longer where it was read.
        asyncpg.UniqueViolationError: the key was answered, or the position begun, meanwhile.
    """
    parts: list[str] = []
    values: list[object] = []
    moved = 0
    if tx.reached is not None:
        moved = _of_positions(tx.reached, parts, values)
    if len(tx.outgoing) == 1:
        parts.append(ONE_EVENT)
        values += _of_event(tx, tx.outgoing[0])
    elif tx.outgoing:
        parts.append(EVENTS)
        values += _of_events(tx)
    if tx.answer is not None:
        parts.append(ANSWER)
        values += _of_answer(tx, tx.answer)
    if tx.access is not None and tx.access.clients:
        parts.append(ONE_ACCESS if len(tx.access.clients) == 1 else ACCESSES)
        values += _of_access(tx, tx.access)
    for n, (query, *arguments) in enumerate(tx.writes):
        parts.append(f"write_{n} AS ({query})")
        values += arguments
    tx.writes.clear()
    if not parts:
        return
    row = await tx.fetchrow(_together(tuple(parts)), *values)
    assert row is not None  # of a statement that gives one
    if row["moved"] != moved:
        raise AppliedElsewhere
    if len(tx.outgoing) == 1:
        tx.queued = row


@cache
def _together(parts: tuple[str, ...]) -> str:
    """One statement of several parts; it gives the number of positions that were moved, and the
    event where it is one."""
    moved = f"{COUNT_MOVED if MOVE in parts else 0} AS moved"
    given = f"queued.*, {moved} FROM queued" if ONE_EVENT in parts else moved
    return f"WITH {','.join(numbered(parts))} SELECT {given}"


def _of_positions(to: Reached, parts: list[str], values: list[object]) -> int:
    """Add the parts for positions and their values; tells how many are to be moved."""
    begun = [key for key in to.applied if key not in to.before]
    known = [key for key in to.applied if key in to.before]
    for part, keys in ((BEGIN, begun), (MOVE, known)):
        if keys:
            parts.append(part)
            values += [to.consumer, [stream for stream, _ in keys], [key for _, key in keys]]
            values.append([to.applied[key] for key in keys])
    if known:
        values.append([to.before[key] for key in known])
    return len(known)


def _of_event(tx: Transaction, e: Outgoing) -> tuple[object, ...]:
    return (e.stream, e.key, e.event_id, e.type, e.dataschema, tx.now, e.traceparent, e.payload)


def _of_events(tx: Transaction) -> tuple[object, ...]:
    events = tx.outgoing
    return (
        [e.stream for e in events],
        [e.key for e in events],
        [e.event_id for e in events],
        [e.type for e in events],
        [e.dataschema for e in events],
        [e.traceparent for e in events],
        [e.payload for e in events],
        tx.now,
    )


def _of_answer(tx: Transaction, answer: IdempotentAnswer) -> tuple[object, ...]:
    return (
        answer.subject,
        answer.key,
        answer.operation,
        answer.body_hash,
        answer.status,
        orjson.dumps(answer.headers).decode(),
        answer.body,
        tx.now,
        *_columns(tx.access),
    )


def _of_access(tx: Transaction, access: Access) -> tuple[object, ...]:
    who: tuple[object, ...]
    if len(access.clients) == 1:  # arrays cost more than what is in them
        who = (new_id(), *access.clients[0])
    else:
        who = ([new_id() for _ in access.clients], *_columns(access))
    return (
        *who,
        tx.now,
        access.subject,
        access.role,
        access.operation,
        access.kind,
        access.reason,
    )


def _columns(access: Access | None) -> tuple[list[UUID], list[UUID | None]]:
    """Clients and their sites, in the same order."""
    pairs = () if access is None else access.clients
    return [client for client, _ in pairs], [site for _, site in pairs]
