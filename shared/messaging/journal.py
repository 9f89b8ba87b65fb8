"""The journal: what was published, for subscribers that missed something and for a lost topic."""

from typing import Any

from shared.contracts.topics import BY_STREAM
from shared.database.transaction import Transaction
from shared.errors import NotFound
from shared.messaging.envelope import source_of

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
