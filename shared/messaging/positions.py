"""How far a consumer has come: one number a key, moved in the transaction that applies events."""

from collections.abc import Iterable, Mapping

from shared.database.transaction import Reached, Transaction
from shared.messaging.plan import StreamKey

LOAD = """
SELECT k.stream, k.key, p.sequence,
       EXISTS (SELECT FROM platform.dead_letters d
               WHERE d.consumer = $1 AND d.stream = k.stream AND d.key = k.key
                 AND d.sequence IS NOT NULL AND d.resolution IS NULL) AS stopped
FROM unnest($2::text[], $3::text[]) AS k(stream, key)
LEFT JOIN platform.positions p ON p.consumer = $1 AND p.stream = k.stream AND p.key = k.key
"""


async def load(
    tx: Transaction, consumer: str, keys: Iterable[StreamKey]
) -> tuple[dict[StreamKey, int], set[StreamKey]]:
    """The positions of `keys` (absent when nothing was applied), and which keys are stopped."""
    wanted = list(keys)
    if not wanted:
        return {}, set()
    rows = await tx.fetch(LOAD, consumer, [k[0] for k in wanted], [k[1] for k in wanted])
    positions = {(r["stream"], r["key"]): r["sequence"] for r in rows if r["sequence"] is not None}
    return positions, {(r["stream"], r["key"]) for r in rows if r["stopped"]}


def advance(
    tx: Transaction,
    consumer: str,
    reached: Mapping[StreamKey, int],
    applied: Mapping[StreamKey, int],
) -> None:
    """Move positions from `reached` (none yet where absent) to `applied`, with the commit.

    The commit raises `AppliedElsewhere` when a position is no longer where it was read, and
    `asyncpg.UniqueViolationError` when it was begun elsewhere, which is the same case.
    """
    tx.reached = Reached(consumer, reached, applied)
