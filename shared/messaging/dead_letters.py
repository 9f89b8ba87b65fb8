"""Records that a consumer could not apply: the one that failed, and its key's later ones."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from shared.database.columns import Columns
from shared.database.transaction import Transaction
from shared.messaging.envelope import Envelope, Headers

LIST = """
SELECT id, consumer, stream, key, sequence, headers ->> 'ce_type' AS type, reason, detail,
       partition, record_offset, failed_at, attempts, resolution, resolved_at, resolved_by
FROM platform.dead_letters
WHERE ($1::text IS NULL OR consumer = $1) AND ($2::boolean OR resolution IS NULL)
  AND id > $3 ORDER BY id LIMIT $4
"""

OPEN = """
SELECT id, reason, partition, record_offset, headers, payload
FROM platform.dead_letters
WHERE consumer = $1 AND stream = $2 AND key = $3 AND resolution IS NULL
ORDER BY sequence NULLS FIRST, id FOR UPDATE
"""

RESOLVE = """
UPDATE platform.dead_letters
SET resolution = $2, resolved_at = $3, resolved_by = $4, attempts = attempts + 1
WHERE id = ANY($1::bigint[]) AND resolution IS NULL
"""

FAILED_AGAIN = """
UPDATE platform.dead_letters
SET reason = $2, detail = $3, failed_at = $4, attempts = attempts + 1 WHERE id = $1
"""

MAY_GO_ON = """
SELECT d.stream, d.key
FROM platform.dead_letters d LEFT JOIN platform.positions p USING (consumer, stream, key)
WHERE d.consumer = $1 AND d.resolution IS NULL AND d.sequence IS NOT NULL
GROUP BY d.stream, d.key, p.sequence
HAVING bool_and(d.reason IN ('gap', 'behind')) OR min(d.sequence) <= coalesce(p.sequence, 0)
ORDER BY max(d.attempts), min(d.id) LIMIT $2
"""
"""Keys that wait for missing events, or behind no failure: a record may become a dead letter just
when those before it were applied again."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that was not applied, and why. `detail` names the error, never the content."""

    reason: str
    detail: str
    stream: str
    key: str
    sequence: int | None
    partition: int
    offset: int
    headers: Headers
    payload: bytes | None

    @classmethod
    def of(cls, envelope: Envelope, reason: str, detail: str) -> "DeadLetter":
        return cls(
            reason,
            detail,
            envelope.stream,
            envelope.key,
            envelope.sequence,
            envelope.partition,
            envelope.offset,
            envelope.headers,
            envelope.payload,
        )

    def bare(self) -> "DeadLetter":
        """The letter without anything that its record brought along but its place."""
        return replace(self, detail=as_text(self.detail.encode()), headers=(), payload=None)


LETTERS = Columns.of(
    stream="text",
    key="text",
    sequence="bigint",
    reason="text",
    detail="text",
    partition="integer",
    record_offset="bigint",
    headers="jsonb",
    payload="bytea",
)
INSERT = f"""
INSERT INTO platform.dead_letters ({LETTERS.names}, consumer, failed_at)
SELECT given.*, {LETTERS.after(0)}, {LETTERS.after(1)} FROM {LETTERS.rows}
ON CONFLICT DO NOTHING
"""  # noqa: S608 - the columns are above


def as_text(value: bytes | None) -> str:
    """Bytes of a record as text that can be stored, whatever they are."""
    return (value or b"").decode("utf-8", errors="backslashreplace").replace("\x00", "\\x00")


def as_json(headers: Headers) -> str:
    """Headers as JSON that PostgreSQL can store, names cleaned as values are."""
    cleaned = {as_text(n.encode("utf-8", "backslashreplace")): as_text(v) for n, v in headers}
    return orjson.dumps(cleaned).decode()


async def store(tx: Transaction, consumer: str, letters: Sequence[DeadLetter]) -> None:
    """Store letters in order; a record that is there already stays as it is.

    One that cannot be stored whatever was cleaned is stored without what is in its record: that it
    came is never lost, and it stops nobody.
    """
    if not letters:
        return
    await tx.execute("SAVEPOINT letters")
    try:
        await _insert(tx, consumer, letters)
    except (ValueError, TypeError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
        await tx.execute("ROLLBACK TO SAVEPOINT letters")
        if len(letters) > 1:
            for letter in letters:
                await store(tx, consumer, [letter])
        elif letters[0] != (bare := letters[0].bare()):
            await store(tx, consumer, [bare])
        else:
            raise
    else:
        await tx.execute("RELEASE SAVEPOINT letters")


async def _insert(tx: Transaction, consumer: str, letters: Sequence[DeadLetter]) -> None:
    rows = [
        {**asdict(one), "record_offset": one.offset, "headers": as_json(one.headers)}
        for one in letters
    ]
    await tx.execute(INSERT, *LETTERS.arrays(rows), consumer, tx.now)


async def listed(
    tx: Transaction,
    *,
    consumer: str | None = None,
    resolved: bool = False,
    after: int = 0,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Letters by id, oldest first, without payloads; resolved ones too when asked for."""
    return [dict(r) for r in await tx.fetch(LIST, consumer, resolved, after, limit)]


async def open_of(
    tx: Transaction, consumer: str, stream: str, key: str
) -> list[tuple[int, str, Headers, bytes | None, int, int]]:
    """A key's unresolved letters in order, locked: id, reason, headers, payload, partition,
    offset."""
    rows = await tx.fetch(OPEN, consumer, stream, key)
    return [
        (
            r["id"],
            r["reason"],
            [(n, v.encode()) for n, v in orjson.loads(r["headers"]).items()],
            r["payload"],
            r["partition"],
            r["record_offset"],
        )
        for r in rows
    ]


async def resolve(
    tx: Transaction, ids: Sequence[int], resolution: str, at: datetime, by: str
) -> None:
    """Mark letters as `applied` or `skipped`."""
    if ids:
        await tx.execute(RESOLVE, list(ids), resolution, at, by)


async def failed_again(tx: Transaction, letter: int, reason: str, detail: str) -> None:
    """Count one more attempt that failed."""
    await tx.execute(FAILED_AGAIN, letter, reason, detail, tx.now)


async def keys_that_may_go_on(
    tx: Transaction, consumer: str, limit: int = 100
) -> list[tuple[str, str]]:
    """Stopped keys that are worth another try, those tried least first; see `MAY_GO_ON`."""
    return [(r["stream"], r["key"]) for r in await tx.fetch(MAY_GO_ON, consumer, limit)]
