"""The job that alerts staff, the same way as clients are written to: `delivery.queue` says how."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
from opentelemetry.trace import SpanKind

from services.notifications.delivery.channels.base import Message
from services.notifications.delivery.channels.opening import Channels
from services.notifications.delivery.rules import continues_trace
from services.notifications.delivery.sending import attempt
from services.notifications.escalations import metrics
from services.notifications.escalations.policy import alert_policy
from services.notifications.escalations.rules import Failure, decide, next_attempt
from shared import clock
from shared.contracts.notifications import StaffAlerted, StaffAlertFailed
from shared.database import Transaction
from shared.messaging.outbox import publish
from shared.telemetry.tracing import link_to, span_from

WRITE = """
WITH withdrawn AS (
  DELETE FROM withdrawals WHERE notification_id = ANY ($1::uuid[]) RETURNING notification_id
), outcome AS (
  SELECT r.*, CASE WHEN r.state = 'planned' AND w.notification_id IS NOT NULL
    THEN 'cancelled' ELSE r.state END AS final
  FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::integer[], $5::text[],
    $6::timestamptz[]) AS r(id, state, at, attempts, failure, next_at)
  LEFT JOIN withdrawn w ON w.notification_id = r.id
)
UPDATE staff_alerts a SET state = o.final, attempts = o.attempts, failure = o.failure,
  next_at = o.next_at, ended_at = CASE WHEN o.final = 'planned' THEN NULL ELSE o.at END
FROM outcome o WHERE a.id = o.id
"""
"""An alert that would be tried again ends as cancelled when it was withdrawn."""


KIND = "staff_alert"


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of `staff_alerts` that is due."""

    id: UUID
    site_id: UUID
    client_id: UUID
    flag_id: UUID
    step: int
    address: str = field(repr=False)
    planned_at: datetime
    next_at: datetime
    expires_at: datetime
    attempts: int
    traceparent: str | None
    withdrawn: bool

    @property
    def kind(self) -> str:
        """What is told of a message in logs and metrics."""
        return KIND

    def tried(self) -> "Alert":
        """The alert with one attempt more."""
        return replace(self, attempts=self.attempts + 1)

    def renewed(self, found: "Alert") -> "Alert":
        """What is `found` of the alert right before it is handed over, as it was when marked."""
        return replace(found, attempts=self.attempts, next_at=self.next_at)

    def next_attempt(self, now: datetime) -> datetime:
        """When to try again if the attempts made until `now` failed."""
        return next_attempt(
            now,
            attempts=self.attempts,
            expires_at=self.expires_at,
            backoff=alert_policy(self.site_id).backoff,
        )

    @contextlib.contextmanager
    def span(self, name: str) -> Iterator[None]:
        """A span about this alert, in the trace of its cause or linked to it as for clients."""
        goes_on = continues_trace(self.next_at, self.planned_at)
        with span_from(
            self.traceparent if goes_on else None,
            name,
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.operation.type": "send",
                "messaging.system": "smtp",
                "stepwell.staff_alert.id": str(self.id),
                "stepwell.staff_alert.step": self.step,
            },
            links=() if goes_on else link_to(self.traceparent),
        ):
            yield


@dataclass(frozen=True, slots=True)
class Outcome:
    """The new state of one alert, reached `at`; `next_at` counts when it is tried again."""

    id: UUID
    state: Literal["planned", "delivered", "failed"]
    at: datetime
    attempts: int
    next_at: datetime
    failure: Failure | None = None


async def due_alerts(tx: Transaction, rows: Sequence[asyncpg.Record]) -> list[Alert]:
    """The alerts in rows of `staff_alerts`."""
    names = Alert.__dataclass_fields__
    return [Alert(**{name: row[name] for name in names}) for row in rows]


def settled(tx: Transaction, alert: Alert, at: datetime) -> Outcome | None:
    """What comes of an alert that is not to go out `at` this instant; None when it is."""
    match decide(at, withdrawn=alert.withdrawn, expires_at=alert.expires_at):
        case "send":
            return None
        case "call_off":
            return untouched(alert, at)
        case "give_up":
            with alert.span("give up staff alert"):
                return _given_up(tx, alert, "no_longer_timely", at)


async def send(tx: Transaction, channels: Channels, alert: Alert, portal_url: str) -> Outcome:
    """Send `alert`, unless it is too late by now, and say what came of it.

    Raises:
        ChannelBusy: nothing was sent, as all ways of the channel are in use.
    """
    now = clock.now()
    if (outcome := settled(tx, alert, now)) is not None:
        return outcome
    tried = alert.tried()
    with alert.span("send staff alert"):
        match await attempt(
            channels["email"], KIND, alert.id, lambda: _message(alert, portal_url, now)
        ):
            case "refused":
                return _given_up(tx, tried, "refused_by_channel", now)
            case "later":
                metrics.alerts.labels("postponed").inc()
                again = tried.next_attempt(clock.now())
                return Outcome(alert.id, "planned", now, tried.attempts, again)
            case "taken":
                return _delivered(tx, tried, now)


def untouched(alert: Alert, at: datetime) -> Outcome:
    """The alert is left as it was before it was marked; one that was withdrawn is cancelled."""
    return Outcome(alert.id, "planned", at, alert.attempts, alert.next_at)


async def write_outcomes(tx: Transaction, outcomes: Sequence[Outcome]) -> None:
    """Write the new states, all in one statement."""
    if not outcomes:
        return
    await tx.execute(
        WRITE,
        [o.id for o in outcomes],
        [o.state for o in outcomes],
        [o.at for o in outcomes],
        [o.attempts for o in outcomes],
        [o.failure for o in outcomes],
        [o.next_at for o in outcomes],
    )


def _delivered(tx: Transaction, alert: Alert, at: datetime) -> Outcome:
    publish(
        tx,
        StaffAlerted(
            client_id=alert.client_id,
            site_id=alert.site_id,
            alert_id=alert.id,
            flag_id=alert.flag_id,
            step=alert.step,
            delivered_at=at,
        ),
    )
    metrics.alerts.labels("delivered").inc()
    return Outcome(alert.id, "delivered", at, alert.attempts, alert.next_at)


def _given_up(
    tx: Transaction,
    alert: Alert,
    reason: Literal["refused_by_channel", "no_longer_timely"],
    at: datetime,
) -> Outcome:
    publish(
        tx,
        StaffAlertFailed(
            client_id=alert.client_id,
            site_id=alert.site_id,
            alert_id=alert.id,
            flag_id=alert.flag_id,
            step=alert.step,
            reason=reason,
            failed_at=at,
        ),
    )
    metrics.alerts.labels(reason).inc()
    return Outcome(alert.id, "failed", at, alert.attempts, alert.next_at, reason)


def _message(alert: Alert, portal_url: str, now: datetime) -> Message:
    text = alert_policy(alert.site_id).written(portal_url, alert.flag_id)
    return Message(
        id=alert.id,
        kind=KIND,
        address=alert.address,
        subject=text.subject,
        body=text.body,
        written_at=now,
    )
