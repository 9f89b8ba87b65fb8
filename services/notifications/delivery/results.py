"""What came of a message: its row, and the event that tells it, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.notifications.delivery import metrics
from services.notifications.delivery.due import Due
from services.notifications.delivery.texts import texts
from services.notifications.delivery.vocabulary import ChannelName, Failure
from shared.contracts.notifications import NotificationDelivered, NotificationFailed
from shared.database import Transaction
from shared.messaging.outbox import publish

WRITE = """
UPDATE notifications n SET
  state = r.state, channel = r.channel, failure = r.failure, texts_version = r.texts_version,
  next_at = coalesce(r.next_at, n.next_at),
  ended_at = CASE WHEN r.state = 'planned' THEN NULL ELSE $1::timestamptz END
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  AS r(id, state, channel, failure, texts_version, next_at)
WHERE n.id = r.id
"""


@dataclass(frozen=True, slots=True)
class Result:
    """The new state of one message. `next_at` is set when it is planned for another attempt."""

    id: UUID
    state: Literal["planned", "delivered", "failed"]
    channel: ChannelName
    failure: Failure | None = None
    texts_version: str | None = None
    next_at: datetime | None = None


def delivered(tx: Transaction, due: Due) -> Result:
    """The channel took charge of the message."""
    publish(
        tx,
        NotificationDelivered(
            client_id=due.client_id,
            site_id=due.site_id,
            notification_id=due.id,
            kind=due.kind,
            channel=due.channel,
            session_id=due.session_id,
            due_at=due.due_at,
            delivered_at=tx.now,
        ),
    )
    _count(due, "delivered")
    return Result(due.id, "delivered", due.channel, texts_version=texts().version)


def given_up(tx: Transaction, due: Due, failure: Failure) -> Result:
    """The message will never go out."""
    publish(
        tx,
        NotificationFailed(
            client_id=due.client_id,
            site_id=due.site_id,
            notification_id=due.id,
            kind=due.kind,
            channel=due.channel,
            session_id=due.session_id,
            reason=failure,
            failed_at=tx.now,
        ),
    )
    _count(due, failure)
    return Result(due.id, "failed", due.channel, failure=failure)


def postponed(due: Due, until: datetime) -> Result:
    """The message is looked at again at `until`."""
    _count(due, "postponed")
    return Result(due.id, "planned", due.channel, next_at=until)


async def write_results(tx: Transaction, results: Sequence[Result]) -> None:
    """Write the new states, all in one statement."""
    if not results:
        return
    await tx.execute(
        WRITE,
        tx.now,
        [r.id for r in results],
        [r.state for r in results],
        [r.channel for r in results],
        [r.failure for r in results],
        [r.texts_version for r in results],
        [r.next_at for r in results],
    )


def _count(due: Due, outcome: str) -> None:
    metrics.outcomes.labels(due.kind, due.channel, outcome).inc()
