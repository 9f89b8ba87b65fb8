"""Handing messages to their channels, a few at a time, and stopping in good order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Literal

import asyncpg
import structlog

from services.notifications.delivery import metrics
from services.notifications.delivery.channels.base import (
    Channel,
    ChannelBusy,
    ChannelRefused,
    ChannelUnavailable,
    Message,
)
from services.notifications.delivery.channels.opening import Channels
from services.notifications.delivery.due import Due, Result
from services.notifications.delivery.results import (
    delivered,
    given_up,
    postponed,
    settled,
    untouched,
)
from shared import clock
from shared.database import Transaction
from shared.settings import Settings

log = structlog.get_logger()

HANDS = 4
"""Messages under way at once, and so the most connections that a channel needs."""
GRACE_SECONDS = 3.0
"""How long messages under way are waited for when the sender is to stop."""


Fate = Literal["taken", "refused", "later"]
UNREADABLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What is raised when the transaction in which messages are sent is lost."""


class HandOver:
    """Hands messages to their channels until all are handed over, or it is stopped."""

    def __init__(
        self,
        settings: Settings,
        channels: Channels,
        again: Callable[[Transaction, Due], Awaitable[Due]],
    ) -> None:
        self._settings = settings
        self._channels = channels
        self._again = again
        self._waiting: deque[Due] = deque()
        self._hands: list[asyncio.Task[None]] = []
        self._stopped = False
        self._reading = asyncio.Lock()

    async def run(self, tx: Transaction, marked: Iterable[Due]) -> list[Result]:
        """What came of each message; a message whose fate is unknown has no result.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: the database cannot be read.
        """
        results: list[Result] = []
        self._waiting.extend(marked)
        self._hands = [asyncio.create_task(self._hand(tx, results)) for _ in range(HANDS)]
        await asyncio.wait(self._hands)
        async with self._reading:  # a hand that was let go may have left its reading under way
            pass
        for hand in self._hands:
            if not hand.cancelled():
                hand.result()
        return results + [untouched(due, clock.now()) for due in self._waiting]

    def stop(self) -> None:
        """Hand over nothing more, and wait only a little for what is under way."""
        self._stopped = True
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._let_go)

    def _let_go(self) -> None:
        for hand in self._hands:
            hand.cancel()

    async def _hand(self, tx: Transaction, results: list[Result]) -> None:
        while self._waiting and not self._stopped:
            due = self._waiting.popleft()
            try:
                found = await self._look_again(tx, due)
                results.append(await send(tx, self._settings, self._channels, found))
            except ChannelBusy:  # the hands that are at work take it over
                self._waiting.appendleft(due)
                return
            except UNREADABLE:
                raise
            except Exception as error:  # a defect of one message must not delay the others
                note_defect(due, error)

    async def _look_again(self, tx: Transaction, due: Due) -> Due:
        """What is known of a message now. One reading at a time, and none is broken off, as they
        share the connection on which the outcomes are written."""

        async def look() -> Due:
            async with self._reading:
                return await self._again(tx, due)

        try:
            return await asyncio.shield(look())
        except asyncio.CancelledError:
            self._waiting.appendleft(due)
            raise


def note_defect(due: Due, error: Exception) -> None:
    """Log and count a mistake of ours that kept a message from going out; its text stays out, as it
    may repeat personal data."""
    metrics.defects.labels(due.kind, type(error).__name__).inc()
    log.error(
        "message_defect",
        notification_id=str(due.id),
        kind=due.kind,
        reason=f"defect: {type(error).__name__}",
    )


async def send(tx: Transaction, settings: Settings, channels: Channels, due: Due) -> Result:
    """Send `due` and say what came of it; the event that tells it is part of the same trace.

    It is decided again, as those before it may have taken long.

    Raises:
        ChannelBusy: nothing was sent, as all ways of the channel are in use.
    """
    now = clock.now()
    if (result := settled(tx, due, now)) is not None:
        return result
    tried = due.tried()
    with due.span("send notification"):
        match await _attempt(settings, channels[due.channel], due, now):
            case "refused":
                return given_up(tx, tried, "refused_by_channel", now)
            case "later":
                return postponed(tried, tried.next_attempt(clock.now()), now)
            case "taken":
                return delivered(tx, tried, now)


async def _attempt(settings: Settings, channel: Channel, due: Due, now: datetime) -> Fate:
    """Hand `due` to its channel, and say how it fared. A defect of a channel or a text is logged
    and counted, and delays nobody else's messages."""
    try:
        address, text = due.addressed(settings)
        await channel.send(
            Message(due.id, due.kind, address, text.subject, text.body, now, text.html)
        )
    except ChannelBusy:
        raise
    except ChannelRefused as error:
        log.warning("message_refused", notification_id=str(due.id), reason=str(error))
        return "refused"
    except ChannelUnavailable as error:
        log.warning("message_postponed", notification_id=str(due.id), reason=str(error))
        return "later"
    except Exception as error:
        note_defect(due, error)
        return "later"
    return "taken"
