"""Handing messages to their channels, a few at a time, and stopping in good order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from logging import ERROR, WARNING
from typing import Generic, Literal, TypeVar
from uuid import UUID

import structlog

from services.notifications.delivery.channels.base import (
    Channel,
    ChannelBusy,
    ChannelRefused,
    ChannelUnavailable,
    Message,
)
from services.notifications.delivery.channels.opening import Channels
from services.notifications.delivery.due import Due
from services.notifications.delivery.results import (
    Result,
    delivered,
    given_up,
    postponed,
    settled,
)
from services.notifications.delivery.texts import written
from shared import clock
from shared.database import Transaction

log = structlog.get_logger()

HANDS = 4
"""Messages under way at once, and so the most connections that a channel needs."""
GRACE_SECONDS = 3.0
"""How long messages under way are waited for when the sender is to stop."""


Fate = Literal["taken", "refused", "later"]
D = TypeVar("D")
R = TypeVar("R")


class HandOver(Generic[D, R]):
    """Hands messages to their channels until all are handed over, or it is stopped."""

    def __init__(
        self,
        channels: Channels,
        send: Callable[[Transaction, Channels, D], Awaitable[R]],
        untouched: Callable[[D, datetime], R],
    ) -> None:
        self._channels = channels
        self._send = send
        self._untouched = untouched
        self._waiting: deque[D] = deque()
        self._hands: list[asyncio.Task[None]] = []
        self._stopped = False

    async def run(self, tx: Transaction, marked: Iterable[D]) -> list[R]:
        """What came of each message; a message whose fate is unknown has no result."""
        results: list[R] = []
        self._waiting.extend(marked)
        self._hands = [asyncio.create_task(self._hand(tx, results)) for _ in range(HANDS)]
        await asyncio.wait(self._hands)
        return results + [self._untouched(due, clock.now()) for due in self._waiting]

    def stop(self) -> None:
        """Hand over nothing more, and wait only a little for what is under way."""
        self._stopped = True
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._let_go)

    def _let_go(self) -> None:
        for hand in self._hands:
            hand.cancel()

    async def _hand(self, tx: Transaction, results: list[R]) -> None:
        while self._waiting and not self._stopped:
            due = self._waiting.popleft()
            try:
                results.append(await self._send(tx, self._channels, due))
            except ChannelBusy:  # the hands that are at work take it over
                self._waiting.appendleft(due)
                return


async def attempt(channel: Channel, message_id: UUID, write: Callable[[], Message]) -> Fate:
    """Hand the message that `write` makes to its channel, and say how it fared.

    Raises:
        ChannelBusy: nothing was sent, as all ways of the channel are in use.
    """
    try:
        await channel.send(write())
    except ChannelBusy:
        raise
    except ChannelRefused as error:
        log.warning("message_refused", notification_id=str(message_id), reason=str(error))
        return "refused"
    except Exception as error:
        # a defect of a channel or a text must not hold up everybody else's messages
        expected = isinstance(error, ChannelUnavailable)
        log.log(
            WARNING if expected else ERROR,
            "message_postponed",
            notification_id=str(message_id),
            reason=str(error) if expected else f"defect: {type(error).__name__}",
        )
        return "later"
    return "taken"


async def send(tx: Transaction, channels: Channels, due: Due) -> Result:
    """Send `due` and say what came of it; the event that tells it is part of the same trace.

    It is decided again, as those before it may have taken long. The text is made now, so that it
    shows the time in the zone that the recipient states now.

    Raises:
        ChannelBusy: nothing was sent, as all ways of the channel are in use.
    """
    now = clock.now()
    if (result := settled(tx, due, now)) is not None:
        return result
    tried = due.tried()
    with due.span("send notification"):
        match await attempt(channels[due.channel], due.id, lambda: _message(due, now)):
            case "refused":
                return given_up(tx, tried, "refused_by_channel", now)
            case "later":
                return postponed(tried, tried.next_attempt(clock.now()), now)
            case "taken":
                return delivered(tx, tried, now)


def _message(due: Due, now: datetime) -> Message:
    text = written(due.kind, due.session_starts_at, due.reach.zone, due.site_zone)
    return Message(
        id=due.id,
        kind=due.kind,
        address=None if due.contact is None else due.contact.email,
        subject=text.subject,
        body=text.body,
        written_at=now,
    )
