"""Handing messages to their channels, a few at a time, and stopping in good order."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

import asyncpg
import structlog

from services.notifications.delivery import metrics
from services.notifications.delivery.batched import Batched
from services.notifications.delivery.channels.base import (
    ChannelBusy,
    ChannelRefused,
    ChannelUnavailable,
    ChannelUncertain,
    Message,
    Unfindable,
)
from services.notifications.delivery.channels.opening import Channels
from services.notifications.delivery.due import Due, Handed, Result
from services.notifications.delivery.handovers import Handover, note_handovers, reported
from services.notifications.delivery.policy import handing_over
from services.notifications.delivery.results import (
    given_up,
    postponed,
    redirected,
    settled,
    suppressed,
    taken,
    untouched,
)
from services.notifications.delivery.rules import spread
from services.notifications.delivery.vocabulary import ChannelName
from services.notifications.links.making import LinkOver, LinkUnavailable
from services.notifications.opt_outs.commands import stop_address
from shared import clock
from shared.database import ALL_SITES, Database, Transaction
from shared.settings import Settings
from shared.web.links import digest, new_secret

log = structlog.get_logger()

HANDS = 4
"""How many hand over at once, and so the most connections that mail needs. Each takes as many
messages as its channel takes at once."""
chance = Random().random  # noqa: S311 - spreads attempts, hides nothing
LOOKED_AT = 50
"""How many messages are looked at together."""
GRACE_SECONDS = 3.0
"""How long messages under way are waited for when the sender is to stop."""


Waiting = tuple[asyncpg.Record, ChannelName | None]
"""The row of a message that is to be handed over, and its way if that is known."""
Parcel = tuple[Due, Message, Handover]
"""A message with the attempt that begins, how it goes out, and what is noted of it before."""
UNREADABLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What is raised when the transaction in which messages are sent is lost."""


class HandOver:
    """Hands messages to their channels until all are handed over, or it is stopped."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        channels: Channels,
        again: Callable[[Transaction, Sequence[asyncpg.Record]], Awaitable[Sequence[Due]]],
    ) -> None:
        self._settings = settings
        self._database = database
        self._channels = channels
        self._again = again
        self._waiting: deque[Waiting] = deque()
        self._hands: list[asyncio.Task[None]] = []
        self._stopped = False
        self._left = False
        self._reading = asyncio.Lock()
        self._note = Batched(self._note_all)

    async def run(self, tx: Transaction, marked: Iterable[asyncpg.Record]) -> list[Result]:
        """What came of each message; a message whose fate is unknown has no result.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: the database cannot be read.
        """
        results: list[Result] = []
        self._waiting.extend((row, None) for row in marked)
        following = Batched(partial(self._next, tx))
        hands = (self._hand(tx, following, results) for _ in range(HANDS))
        self._hands = [asyncio.create_task(hand) for hand in hands]
        await asyncio.wait(self._hands)
        await following.idle()  # a hand that was let go may have left one at work
        await self._note.idle()
        async with self._reading:
            pass
        for hand in self._hands:
            if not hand.cancelled():
                hand.result()
        return results + [untouched(row, clock.now()) for row, _ in self._waiting]

    def stop(self) -> None:
        """Hand over nothing more, and wait only a little for what is under way."""
        self._stopped = True
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._let_go)

    def _let_go(self) -> None:
        self._left = True
        for hand in self._hands:
            hand.cancel()

    async def _hand(
        self, tx: Transaction, following: Batched[None, list[Due]], results: list[Result]
    ) -> None:
        while not self._stopped:
            found = await asyncio.shield(following(None))
            if not found and not self._waiting:
                return
            parcels = [one for due in found if (one := await self._pack(tx, due, results))]
            if parcels:
                try:
                    await asyncio.shield(self._note(parcels))
                except asyncio.CancelledError:  # nothing of it was handed over
                    self._wait(_waiting(due) for due, _, _ in parcels)
                    raise
            sent = [self._handed(tx, parcel, results) for parcel in parcels]
            if any(await asyncio.gather(*sent)):
                return  # the hands that are at work take it over

    async def _next(self, tx: Transaction, hands: Sequence[None]) -> list[list[Due]]:
        """What each of some free hands deals with next, as it is known now; nothing when nothing
        waits. One reading at a time, and none is broken off, as they share the connection on which
        the outcomes are written."""
        async with self._reading:
            some = [one for _ in hands for one in self._take()]
            found = await self._again(tx, [row for row, _ in some]) if some else ()
            if self._left or self._stopped:
                self._wait(some)
                return [[] for _ in hands]
            return self._at_once(found, len(hands))

    def _take(self) -> list[Waiting]:
        """The next message, with as many after it as its way takes at once; with many, as long as
        their ways are not known."""
        some: list[Waiting] = []
        while self._waiting and (not some or self._waiting[0][1] == some[0][1]):
            way = self._waiting[0][1]
            if len(some) == (LOOKED_AT if way is None else self._most(way)):
                break
            some.append(self._waiting.popleft())
        return some

    def _at_once(self, found: Sequence[Due], hands: int) -> list[list[Due]]:
        """Of messages that were looked at those that each hand deals with now: as many of each way
        as it takes at once. The others wait, to be looked at right before they go out."""
        dealt: list[list[Due]] = [[] for _ in range(hands)]
        so_far: Counter[ChannelName] = Counter()
        later = []
        for due in found:
            hand = so_far[due.channel] // self._most(due.channel)
            if hand < hands:
                so_far[due.channel] += 1
                dealt[hand].append(due)
            else:
                later.append(_waiting(due))
        self._wait(later)
        return dealt

    def _most(self, way: ChannelName) -> int:
        """How many messages a way takes at once."""
        return self._channels[way].at_once if way in self._channels else LOOKED_AT

    def _wait(self, some: Iterable[Waiting]) -> None:
        """Let messages wait in front of the others, in their order."""
        self._waiting.extendleft(reversed(list(some)))

    async def _pack(self, tx: Transaction, due: Due, results: list[Result]) -> Parcel | None:
        """What is to be handed over for `due`; None when its outcome is known without.

        It is decided again, as those before it may have taken long.
        """
        now = clock.now()
        try:
            if (result := settled(tx, due, now)) is None and due.handed is not None:
                result = await self._search(tx, due, due.handed)
            if result is None and due.channel not in self._channels:
                result = self._refused(tx, due, ChannelRefused("there is no such channel"))
            if result is None:
                return self._parcel((await due.linked(self._settings)).tried(), now)
        except LinkOver:
            result = Result(due.id, "cancelled", now, due.attempts, due.channel)
        except LinkUnavailable as error:
            log.warning("message_postponed", notification_id=str(due.id), reason=str(error))
            result = self._later(due.tried(), ChannelUnavailable(str(error)))
        except UNREADABLE:
            raise
        except Exception as error:  # a defect of one message must not delay the others
            note_defect(due, error)
            tried = due.tried()
            result = postponed(tried, tried.next_attempt(now), now)
        results.append(result)
        return None

    async def _search(self, tx: Transaction, due: Due, handed: Handed) -> Result | None:
        """What came of an attempt without an answer; None when the message is to be handed over
        again: it did not arrive, or nobody can say, and its kind may be repeated."""
        now, tried = clock.now(), due.tried()
        channel = self._channels.get(handed.channel)
        sought = Message(
            *(due.id, due.kind, handed.address, handed.subject, handed.body, handed.began_at)
        )
        with due.span("look up notification"):
            try:
                async with self._reading:
                    receipt = await reported(tx, due.id, handed.began_at)
                if receipt is None and channel is not None:
                    receipt = await channel.find(sought)
                if receipt is not None:
                    return taken(tx, due, now, receipt, handed.channel)
                if channel is not None:
                    return None
            except Unfindable:
                pass
            except ChannelUnavailable as error:
                if due.kind not in handing_over(due.site_id).may_repeat:
                    log.warning("look_up_postponed", notification_id=str(due.id), reason=str(error))
                    return postponed(tried, tried.next_attempt(now), now)
            if due.kind in handing_over(due.site_id).may_repeat:
                return None
            return given_up(tx, due, "outcome_unknown", now)

    def _parcel(self, due: Due, now: datetime) -> Parcel:
        address, text = due.addressed(self._settings)
        secret = new_secret() if due.channel == "email" and due.can_be_unsubscribed else None
        handover = Handover(
            *(due.id, due.site_id, due.client_id, due.channel, address, text.subject, text.body),
            unsubscribe=None if secret is None else digest(secret),
            began_at=now,
            forget_at=now + timedelta(days=handing_over(due.site_id).text_days),
        )
        message = Message(
            *(due.id, due.kind, address, text.subject, text.body, now),
            unsubscribe=secret,
            language=text.language,
            html=text.html,
        )
        return due, message, handover

    async def _note_all(self, some: Sequence[Sequence[Parcel]]) -> list[None]:
        """Commit what some hands are about to hand over. One at a time, so that a small pool will
        do; and not broken off, so that it is known."""
        async with self._database.transaction(ALL_SITES) as tx:
            await note_handovers(tx, [handover for own in some for _, _, handover in own])
        return [None for _ in some]

    async def _handed(self, tx: Transaction, parcel: Parcel, results: list[Result]) -> bool:
        """As `_send`; a defect around one message must not delay the others."""
        try:
            return await self._send(tx, parcel, results)
        except UNREADABLE:
            raise
        except Exception as error:
            note_defect(parcel[0], error)
            return False

    async def _send(self, tx: Transaction, parcel: Parcel, results: list[Result]) -> bool:
        """Hand a message over and note what came of it; whether its channel has no room for it.
        The event that tells it is part of the same trace."""
        due, message, _ = parcel
        with due.span("send notification"):
            try:
                receipt = await self._channels[due.channel].send(message)
                results.append(taken(tx, due, message.written_at, receipt))
            except ChannelBusy:
                self._wait([_waiting(due)])
                return True
            except ChannelRefused as error:
                log.warning("message_refused", notification_id=str(due.id), reason=str(error))
                if error.stopped is not None and message.address is not None:
                    async with self._reading:
                        await stop_address(
                            *(tx, due.channel, message.address, error.stopped, "provider")
                        )
                results.append(self._refused(tx, due, error))
            except ChannelUnavailable as error:
                log.warning("message_postponed", notification_id=str(due.id), reason=str(error))
                results.append(self._later(due, error))
            except Exception as error:
                note_defect(due, error)
                results.append(self._later(due, ChannelUncertain("defect")))
        return False

    def _refused(self, tx: Transaction, due: Due, error: ChannelRefused) -> Result:
        now = clock.now()
        if due.way_besides(due.channel):
            return redirected(due, now, due.channel)
        if error.stopped == "opted_out":
            return suppressed(tx, due, "opted_out", now)
        return given_up(tx, due, "refused_by_channel", now)

    def _later(self, due: Due, error: ChannelUnavailable) -> Result:
        now = clock.now()
        again = due.next_attempt(now)
        if error.after is not None:
            again = min(max(again, now + error.after), max(again, due.expires_at))
        jitter = handing_over(due.site_id).jitter * chance()
        uncertain = isinstance(error, ChannelUncertain)
        return postponed(due, spread(again, now, due.expires_at, jitter), now, uncertain=uncertain)


def _waiting(due: Due) -> Waiting:
    """The message as it waits to be looked at again: its way is known by now."""
    return due.row, due.channel


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
