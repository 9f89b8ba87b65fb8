"""What came of a message: its row, and the event that tells it, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.notifications.delivery import metrics
from services.notifications.delivery.due import Due
from services.notifications.delivery.rules import CallOff, GiveUp, Postpone, Send
from services.notifications.delivery.texts import texts
from services.notifications.delivery.vocabulary import ChannelName, Failure
from shared.contracts.notifications import NotificationDelivered, NotificationFailed
from shared.database import Transaction
from shared.messaging.outbox import publish

WRITE = """
WITH withdrawn AS (
  DELETE FROM withdrawals WHERE notification_id IN (
    SELECT notification_id FROM withdrawals WHERE notification_id = ANY ($1::uuid[])
    FOR UPDATE SKIP LOCKED
  ) RETURNING notification_id
), outcome AS (
  SELECT r.*, CASE WHEN r.state = 'planned' AND w.notification_id IS NOT NULL
    THEN 'cancelled' ELSE r.state END AS final
  FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::integer[], $5::text[], $6::text[],
    $7::text[], $8::timestamptz[])
    AS r(id, state, at, attempts, channel, failure, texts_version, next_at)
  LEFT JOIN withdrawn w ON w.notification_id = r.id
)
UPDATE notifications n SET
  state = o.final, attempts = o.attempts, channel = coalesce(o.channel, n.channel),
  failure = o.failure, texts_version = o.texts_version, next_at = coalesce(o.next_at, n.next_at),
  ended_at = CASE WHEN o.final = 'planned' THEN NULL ELSE o.at END
FROM outcome o WHERE n.id = o.id
"""
"""A message that would be planned again ends as cancelled when it was withdrawn. A withdrawal that
is being taken back right now does not count, and is not waited for."""


@dataclass(frozen=True, slots=True)
class Result:
    """The new state of one message, reached `at`. `next_at` is set when it is planned again."""

    id: UUID
    state: Literal["planned", "delivered", "failed"]
    at: datetime
    attempts: int
    channel: ChannelName | None = None
    failure: Failure | None = None
    texts_version: str | None = None
    next_at: datetime | None = None


def delivered(tx: Transaction, due: Due, at: datetime) -> Result:
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
            delivered_at=at,
        ),
    )
    _count(due, "delivered")
    version = texts().version
    return Result(due.id, "delivered", at, due.attempts, due.channel, texts_version=version)


def given_up(tx: Transaction, due: Due, failure: Failure, at: datetime) -> Result:
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
            failed_at=at,
        ),
    )
    _count(due, failure)
    return Result(due.id, "failed", at, due.attempts, due.channel, failure=failure)


def postponed(due: Due, until: datetime, at: datetime) -> Result:
    """The message is looked at again at `until`."""
    _count(due, "postponed")
    return Result(due.id, "planned", at, due.attempts, due.channel, next_at=until)


def untouched(due: Due, at: datetime) -> Result:
    """The message is left as it was before it was marked; one that was withdrawn is cancelled."""
    return Result(due.id, "planned", at, due.attempts, next_at=due.next_at)


def settled(tx: Transaction, due: Due, at: datetime) -> Result | None:
    """What comes of a message that is not to go out `at` this instant; None when it is."""
    match due.decide(at):
        case Send():
            return None
        case GiveUp(failure):
            with due.span("give up notification"):
                return given_up(tx, due, failure, at)
        case Postpone(until):
            return postponed(due, until, at)
        case CallOff():
            return untouched(due, at)


async def write_results(tx: Transaction, results: Sequence[Result]) -> None:
    """Write the new states, all in one statement."""
    if not results:
        return
    await tx.execute(
        WRITE,
        [r.id for r in results],
        [r.state for r in results],
        [r.at for r in results],
        [r.attempts for r in results],
        [r.channel for r in results],
        [r.failure for r in results],
        [r.texts_version for r in results],
        [r.next_at for r in results],
    )


def _count(due: Due, outcome: str) -> None:
    metrics.outcomes.labels(due.kind, due.channel, outcome).inc()
