"""Events that the broker does not take: the relay sets them aside with their key, and an operator
has them sent again or passes over them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from shared.database.transaction import Connection, Transaction
from shared.errors import NotFound

Reason = Literal["too_large", "no_topic", "behind"]

MOVE = """
WITH taken AS (
  DELETE FROM platform.outbox WHERE id = ANY($1::bigint[])
  RETURNING stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload
)
INSERT INTO platform.set_aside
  (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload, reason,
   set_aside_at)
SELECT taken.*, $2, $3 FROM taken
ON CONFLICT DO NOTHING
"""

LIST = """
SELECT stream, key, sequence, type, reason, octet_length(payload) AS bytes, set_aside_at
FROM platform.set_aside WHERE (stream, key, sequence) > ($1, $2, $3)
ORDER BY stream, key, sequence LIMIT $4
"""

LOCK = "SELECT true FROM platform.streams WHERE stream = $1 AND key = $2 FOR UPDATE"
"""Whoever publishes for the key waits, so that what goes back stands before what comes."""
WITHOUT_FIRST = """
DELETE FROM platform.set_aside WHERE stream = $1 AND key = $2 AND sequence = (
  SELECT min(sequence) FROM platform.set_aside WHERE stream = $1 AND key = $2
)
"""
SEND_AGAIN = """
WITH back AS (
  DELETE FROM platform.set_aside WHERE stream = $1 AND key = $2
  RETURNING stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload
), waiting AS (
  DELETE FROM platform.outbox WHERE stream = $1 AND key = $2
  RETURNING stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload
)
INSERT INTO platform.outbox
  (stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload)
SELECT * FROM (SELECT * FROM back UNION SELECT * FROM waiting) AS e ORDER BY sequence
"""


class NothingSetAside(NotFound, title="Nothing is set aside for this key"):
    """No event of that key is set aside."""


async def set_aside(
    connection: Connection, ids: Sequence[int], reason: Reason, at: datetime
) -> None:
    """Move events by their ids from the outbox to where they wait for an operator."""
    await connection.execute(MOVE, ids, reason, at)


async def listed(
    tx: Transaction, *, after: tuple[str, str, int], limit: int
) -> list[dict[str, Any]]:
    """What is set aside by stream, key and sequence, with its size and without its payload."""
    return [dict(row) for row in await tx.fetch(LIST, *after, limit)]


async def send_again(tx: Transaction, stream: str, key: str, *, pass_over: bool) -> int:
    """Give the events of a key back to the relay, in order; how many they are.

    With `pass_over` the first one is not sent: it stays in the journal alone, where subscribers get
    it when the next event of the key shows them that one is missing.

    Raises:
        NothingSetAside: when there is none.
    """
    await tx.fetchval(LOCK, stream, key)
    first = "DELETE 0"
    if pass_over:
        first = await tx.execute(WITHOUT_FIRST, stream, key)
    again = await tx.execute(SEND_AGAIN, stream, key)
    sent = int(again.split()[-1])
    if sent == 0 and first == "DELETE 0":
        raise NothingSetAside("No event of this key is set aside.")
    tx.requeue()
    return sent
