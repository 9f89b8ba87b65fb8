"""What came of a message: its row, and the event that tells it, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.notifications.consents.rules import Rule
from services.notifications.delivery import metrics
from services.notifications.delivery.due import Due
from services.notifications.delivery.policy import texts
from services.notifications.delivery.rules import (
    CallOff,
    Cancel,
    GiveUp,
    Postpone,
    Send,
    Suppress,
)
from services.notifications.delivery.vocabulary import ChannelName, Failure, Kind
from shared.contracts.notifications import (
    NoticeDelivered,
    NoticeFailed,
    NotificationDelivered,
    NotificationFailed,
    NotificationSuppressed,
)
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
    $7::text[], $8::timestamptz[], $9::text[])
    AS r(id, state, at, attempts, channel, failure, texts_version, next_at, rule)
  LEFT JOIN withdrawn w ON w.notification_id = r.id
)
UPDATE notifications n SET
  state = o.final, attempts = o.attempts, channel = coalesce(o.channel, n.channel),
  failure = o.failure, rule = o.rule, texts_version = o.texts_version,
  next_at = coalesce(o.next_at, n.next_at),
  ended_at = CASE WHEN o.final = 'planned' THEN NULL ELSE o.at END
FROM outcome o WHERE n.id = o.id
"""
"""A message that would be planned again ends as cancelled when it was withdrawn. A withdrawal that
is being taken back right now does not count, and is not waited for."""


NOTICES: frozenset[Kind] = frozenset({"session_not_held"})
"""Kinds that the released NotificationDelivered and NotificationFailed do not know: they are told
by events of their own, as a longer list of kinds would break the readers of those."""


@dataclass(frozen=True, slots=True)
class Result:
    """The new state of one message, reached `at`. `next_at` is set when it is planned again."""

    id: UUID
    state: Literal["planned", "delivered", "failed", "suppressed", "cancelled"]
    at: datetime
    attempts: int
    channel: ChannelName | None = None
    failure: Failure | None = None
    texts_version: str | None = None
    next_at: datetime | None = None
    rule: Rule | None = None


def delivered(tx: Transaction, due: Due, at: datetime) -> Result:
    """The channel took charge of the message."""
    told = {"due_at": due.due_at, "delivered_at": at}
    if due.kind in NOTICES:
        publish(tx, NoticeDelivered(**_about(due), **told))
    else:
        publish(tx, NotificationDelivered(**_about(due), **told))
    _count(due, "delivered")
    version = texts(due.site_id).version
    return Result(due.id, "delivered", at, due.attempts, due.channel, texts_version=version)


def given_up(tx: Transaction, due: Due, failure: Failure, at: datetime) -> Result:
    """The message will never go out."""
    if due.kind in NOTICES:
        publish(tx, NoticeFailed(**_about(due), reason=failure, failed_at=at))
    else:
        publish(tx, NotificationFailed(**_about(due), reason=failure, failed_at=at))
    _count(due, failure)
    return Result(due.id, "failed", at, due.attempts, due.channel, failure=failure)


def suppressed(tx: Transaction, due: Due, rule: Rule, at: datetime) -> Result:
    """The client did not agree to the message: it will never go out."""
    publish(tx, NotificationSuppressed(**_about(due), rule=rule, suppressed_at=at))
    _count(due, "suppressed")
    return Result(due.id, "suppressed", at, due.attempts, due.channel, rule=rule)


def cancelled(due: Due, at: datetime) -> Result:
    """The client left the program."""
    return Result(due.id, "cancelled", at, due.attempts, due.channel)


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
        case Suppress(rule):
            with due.span("suppress notification"):
                return suppressed(tx, due, rule, at)
        case Postpone(until):
            return postponed(due, until, at)
        case Cancel():
            return cancelled(due, at)
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
        [r.rule for r in results],
    )


def _about(due: Due) -> dict[str, Any]:
    return {
        "client_id": due.client_id,
        "site_id": due.site_id,
        "notification_id": due.id,
        "kind": due.kind,
        "channel": due.channel,
        "session_id": due.session_id,
    }


def _count(due: Due, outcome: str) -> None:
    metrics.outcomes.labels(due.kind, due.channel, outcome).inc()
