"""What a transaction writes just before its commit: its events, its remembered answer, the note of
whose records were seen or changed, and whatever the command left for the end.

All of it is one statement, put together from the parts that there are. Where nothing was sent
before and nothing is asked, that statement is the whole transaction. An event takes the next
number of its key's stream, so that the row of the stream stays locked until the commit and commit
order is sequence order per key; of several events keys come in sorted order, so that transactions
cannot deadlock.
"""

import re
from functools import cache
from uuid import UUID

import asyncpg
import orjson

from shared.database.transaction import (
    SITES,
    Access,
    IdempotentAnswer,
    Outgoing,
    Transaction,
    as_setting,
)
from shared.ids import new_id

PARAMETER = re.compile(r"\$(\d+)")

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

SEEN = f"set_config('{SITES}', $1, true)"
"""The sites of a statement that is a transaction of its own. PostgreSQL evaluates the main query
before the writes beside it that it does not read, and tests hold it to that; were it otherwise,
row-level security would see no site: it would refuse an INSERT, and no UPDATE would find a row."""


async def flush(tx: Transaction) -> None:
    """Write what `tx` left for the end, publishes, remembers and notes; nothing where there is
    nothing.

    Raises:
        Exception: what the unmet requirement, the write without a row or the violated constraint
            was given.
    """
    parts, values = _left(tx)
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
    await _send(tx, parts, values, last=True)


async def write_now(tx: Transaction) -> None:
    """Write at once what `tx` left for the end, as what comes next rests on it.

    Raises:
        Exception: as `flush`.
    """
    parts, values = _left(tx)
    await _send(tx, parts, values)
    tx.writes.clear()
    tx.requirements.clear()


def _left(tx: Transaction) -> tuple[list[str], list[object]]:
    """The parts for what the command left for the end, and their values."""
    parts: list[str] = []
    values: list[object] = []
    for n, write in enumerate(tx.writes):
        returning = " RETURNING 1" if write.unwritten is not None else ""
        parts.append(f"write_{n} AS ({write.statement}{returning})")
        values += write.args
    return parts, values


async def _send(
    tx: Transaction, parts: list[str], values: list[object], *, last: bool = False
) -> None:
    """Send all parts as one statement that tells of each requirement and each write that must
    write whether it did; the last statement of a transaction commits by itself if it is the only
    one and nothing depends on what it tells."""
    asked: list[tuple[str, Exception]] = []
    for n, write in enumerate(tx.writes):
        if write.unwritten is not None:
            asked.append((f"(SELECT count(*) FROM write_{n}) >= $1", write.unwritten))  # noqa: S608 - n is ours
            values.append(write.rows)
    for requirement in tx.requirements:
        asked.append((f"({requirement.condition})", requirement.otherwise))
        values += requirement.args
    if not parts and not asked:
        return
    alone = last and not asked and not tx.opened
    if alone:
        values.append(as_setting(tx.sites))
    questions = (SEEN,) if alone else tuple(question for question, _ in asked)
    statement = _together(tuple(parts), questions)
    try:
        if alone:
            await tx.execute_alone(statement, *values)
            return
        if not asked:
            await tx.execute(statement, *values)
            return
        told = await tx.fetchrow(statement, *values)
    except asyncpg.UniqueViolationError as error:
        if (refusal := tx.violations.get(error.constraint_name or "")) is None:
            raise
        raise refusal from None
    assert told is not None
    for holds, (_, otherwise) in zip(told, asked, strict=True):
        if not holds:
            raise otherwise


@cache
def _together(parts: tuple[str, ...], asked: tuple[str, ...]) -> str:
    """One statement of several parts and questions, each of which counts its parameters from 1."""
    numbered = []
    before = 0
    for part in (*parts, *asked):
        numbered.append(PARAMETER.sub(lambda m, n=before: f"${int(m[1]) + n}", part))  # type: ignore[misc]  # bound now, not later
        before += max((int(number) for number in PARAMETER.findall(part)), default=0)
    written = f"WITH {','.join(numbered[: len(parts)])} " if parts else ""
    return f"{written}SELECT {','.join(numbered[len(parts) :])}"


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
