"""Handing one message to its channel."""

from logging import ERROR, WARNING

import structlog

from services.notifications.delivery.channels.base import (
    ChannelRefused,
    ChannelUnavailable,
    Message,
)
from services.notifications.delivery.channels.opening import Channels
from services.notifications.delivery.due import Due
from services.notifications.delivery.results import Result, delivered, given_up, postponed
from services.notifications.delivery.rules import next_attempt
from services.notifications.delivery.texts import written
from services.notifications.timing.policy import timing_policy
from shared.database import Transaction

log = structlog.get_logger()


async def send(tx: Transaction, channels: Channels, due: Due) -> Result:
    """Send `due` and say what came of it; the event that tells it is part of the same trace.

    The text is made now, so that it shows the time in the zone that the recipient states now.
    """
    text = written(due.kind, due.session_starts_at, due.reach.zone)
    message = Message(
        id=due.id,
        kind=due.kind,
        address=None if due.contact is None else due.contact.email,
        subject=text.subject,
        body=text.body,
        written_at=tx.now,
    )
    with due.span("send notification"):
        try:
            await channels[due.channel].send(message)
        except ChannelRefused as error:
            log.warning("message_refused", notification_id=str(due.id), reason=str(error))
            return given_up(tx, due, "refused_by_channel")
        except Exception as error:
            # a defect of a channel must not hold up everybody else's messages
            expected = isinstance(error, ChannelUnavailable)
            reason = str(error) if expected else f"defect: {type(error).__name__}"
            log.log(
                WARNING if expected else ERROR,
                "message_postponed",
                notification_id=str(due.id),
                reason=reason,
            )
            policy = timing_policy()
            return postponed(
                due,
                next_attempt(
                    tx.now,
                    attempts=due.attempts,
                    expires_at=due.expires_at,
                    zone=due.reach.zone,
                    window=policy.hours,
                    backoff=policy.backoff,
                ),
            )
        return delivered(tx, due)
