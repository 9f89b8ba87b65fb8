"""What came of a message: its row, and the event that tells it, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import asyncpg

from services.notifications.consents.rules import Rule
from services.notifications.delivery import metrics
from services.notifications.delivery.channels.base import Receipt
from services.notifications.delivery.due import Due, Result
from services.notifications.delivery.rules import (
    CallOff,
    Cancel,
    GiveUp,
    Postpone,
    Send,
    Suppress,
)
from services.notifications.delivery.vocabulary import AlertFailure, ChannelName, Failure
from shared.database import Columns, Transaction
from shared.messaging.outbox import publish

RESULTS = Columns.like(Result)
WRITE = f"""
WITH given AS (SELECT * FROM {RESULTS.rows}),
withdrawn AS (
  DELETE FROM withdrawals WHERE notification_id IN (
    SELECT notification_id FROM withdrawals WHERE notification_id = ANY ($1::uuid[])
    FOR UPDATE SKIP LOCKED
  ) RETURNING notification_id
), certain AS (
  UPDATE handovers h SET uncertain = false
  FROM given g WHERE h.notification_id = g.id AND h.uncertain AND NOT g.uncertain
    AND g.state NOT IN ('sent', 'delivered')
), outcome AS (
  SELECT given.*, CASE WHEN given.state = 'planned' AND w.notification_id IS NOT NULL
    THEN 'cancelled' ELSE given.state END AS final
  FROM given LEFT JOIN withdrawn w ON w.notification_id = given.id
)
UPDATE notifications n SET
  state = o.final, attempts = o.attempts, channel = coalesce(o.channel, n.channel),
  failure = o.failure, rule = o.rule, texts_version = coalesce(o.texts_version, n.texts_version),
  next_at = coalesce(o.next_at, n.next_at), provider = coalesce(o.provider, n.provider),
  provider_id = CASE WHEN o.final <> 'planned' THEN coalesce(o.provider_id, n.provider_id) END,
  sent_at = CASE WHEN o.final = 'sent' THEN o.at ELSE n.sent_at END,
  refused_by = CASE WHEN o.refused IS NULL THEN n.refused_by ELSE n.refused_by || o.refused END,
  ended_at = CASE WHEN o.final IN ('planned', 'sent') THEN NULL ELSE o.at END
FROM outcome o WHERE n.id = o.id
"""  # noqa: S608 - the columns are above
"""What was handed over of a message that is out is looked for no more, and need not be certain. A
message that would be planned again ends as cancelled when it was withdrawn. A withdrawal that is
being taken back right now does not count, and is not waited for."""


def taken(
    tx: Transaction, due: Due, at: datetime, receipt: Receipt, way: ChannelName | None = None
) -> Result:
    """The channel took charge of the message; where a report is to come, that tells the end."""
    result = Result(
        due.id,
        "sent" if receipt.reported else "delivered",
        at,
        due.attempts,
        way or due.channel,
        texts_version=due.texts_version,
        provider=receipt.provider,
        provider_id=receipt.provider_id,
    )
    return _told(tx, due, result)


def ended(
    tx: Transaction, due: Due, state: Literal["delivered", "bounced"], at: datetime
) -> Result:
    """A report told what became of a message that was sent."""
    return _told(tx, due, Result(due.id, state, at, due.attempts, due.sent_by))


def given_up(tx: Transaction, due: Due, failure: Failure | AlertFailure, at: datetime) -> Result:
    """The message will never go out."""
    return _told(tx, due, Result(due.id, "failed", at, due.attempts, due.channel, failure=failure))


def suppressed(tx: Transaction, due: Due, rule: Rule, at: datetime) -> Result:
    """The client did not agree to the message: it will never go out."""
    return _told(tx, due, Result(due.id, "suppressed", at, due.attempts, due.channel, rule=rule))


def postponed(due: Due, until: datetime, at: datetime, *, uncertain: bool | None = None) -> Result:
    """The message is looked at again at `until`; unless it is said, it is as uncertain as before
    whether it arrived."""
    _count(due, "postponed")
    unknown = due.handed is not None if uncertain is None else uncertain
    return Result(
        due.id, "planned", at, due.attempts, due.channel, next_at=until, uncertain=unknown
    )


def redirected(due: Due, at: datetime, way: ChannelName) -> Result:
    """The way that was tried does not lead to the recipient: another one is taken at once."""
    _count(due, "redirected")
    return Result(due.id, "planned", at, due.attempts, way, next_at=at, refused=way)


def untouched(row: asyncpg.Record, at: datetime) -> Result:
    """The message is left as it was before it was marked; one that was withdrawn is cancelled."""
    return Result(
        *(row["id"], "planned", at, row["attempts"]),
        next_at=row["next_at"],
        uncertain=row["handed_at"] is not None,
    )


def settled(tx: Transaction, due: Due, at: datetime) -> Result | None:
    """What comes of a message that is not to go out `at` this instant; None when it is."""
    match due.decide(at):
        case Send():
            return None
        case GiveUp(failure):
            if due.handed is not None and failure == "no_longer_timely":
                failure = "outcome_unknown"
            with due.span("give up notification"):
                return given_up(tx, due, failure, at)
        case Suppress(rule):
            with due.span("suppress notification"):
                return suppressed(tx, due, rule, at)
        case Postpone(until):
            return postponed(due, until, at)
        case Cancel():
            return Result(due.id, "cancelled", at, due.attempts, due.channel)
        case CallOff():
            return untouched(due.row, at)


async def write_results(tx: Transaction, results: Sequence[Result]) -> None:
    """Write the new states, all in one statement."""
    if results:
        await tx.execute(WRITE, *RESULTS.arrays(results))


def _told(tx: Transaction, due: Due, result: Result) -> Result:
    if (event := due.event(result)) is not None:
        publish(tx, event)
    _count(due, result.failure or result.state)
    return result


def _count(due: Due, outcome: str) -> None:
    metrics.outcomes.labels(due.kind, due.channel, outcome).inc()
