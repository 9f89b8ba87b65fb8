"""How far a consumer has come: one number a key, moved in the transaction that applies events."""

from collections.abc import Iterable, Mapping

from shared.database.transaction import Transaction
from shared.messaging.plan import StreamKey

LOAD = """
SELECT k.stream, k.key, p.sequence,
       EXISTS (SELECT FROM platform.dead_letters d
               WHERE d.consumer = $1 AND d.stream = k.stream AND d.key = k.key
                 AND d.sequence IS NOT NULL AND d.resolution IS NULL) AS held
FROM unnest($2::text[], $3::text[]) AS k(stream, key)
LEFT JOIN platform.positions p ON p.consumer = $1 AND p.stream = k.stream AND p.key = k.key
"""

ADVANCE = """
WITH given AS (
  SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[])
    AS g(stream, key, reached, sequence)
), begun AS (
  INSERT INTO platform.positions (consumer, stream, key, sequence)
  SELECT $1, stream, key, sequence FROM given WHERE reached = 0 ORDER BY stream, key
), moved AS (
  UPDATE platform.positions p SET sequence = g.sequence FROM given g
  WHERE g.reached > 0 AND p.consumer = $1 AND p.stream = g.stream AND p.key = g.key
    AND p.sequence = g.reached
  RETURNING 1
)
SELECT (SELECT count(*) FROM given WHERE reached > 0) - (SELECT count(*) FROM moved)
"""


class AppliedElsewhere(RuntimeError):
    """Another worker moved a position meanwhile; the batch has to be looked at again."""


async def load(
    tx: Transaction, consumer: str, keys: Iterable[StreamKey]
) -> tuple[dict[StreamKey, int], set[StreamKey]]:
    """The positions of `keys` (absent when nothing was applied), and which keys are held."""
    wanted = list(keys)
    if not wanted:
        return {}, set()
    rows = await tx.fetch(LOAD, consumer, [k[0] for k in wanted], [k[1] for k in wanted])
    positions = {(r["stream"], r["key"]): r["sequence"] for r in rows if r["sequence"] is not None}
    return positions, {(r["stream"], r["key"]) for r in rows if r["held"]}


async def advance(
    tx: Transaction,
    consumer: str,
    reached: Mapping[StreamKey, int],
    applied: Mapping[StreamKey, int],
) -> None:
    """Move positions from `reached` (0 = none yet) to `applied`.

    Raises:
        AppliedElsewhere: a position is no longer where it was read.
        asyncpg.UniqueViolationError: a position was begun elsewhere; the same case.
    """
    if not applied:
        return
    keys = list(applied)
    stale = await tx.fetchval(
        ADVANCE,
        consumer,
        [k[0] for k in keys],
        [k[1] for k in keys],
        [reached.get(k, 0) for k in keys],
        [applied[k] for k in keys],
    )
    if stale:
        raise AppliedElsewhere
