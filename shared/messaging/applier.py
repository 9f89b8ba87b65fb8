"""Applying events with exactly-once effect: one transaction a batch, positions beside effects."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from shared.contracts.base import Event
from shared.database import ALL_SITES, Database, Transaction
from shared.messaging import dead_letters, positions
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.envelope import (
    Envelope,
    Received,
    Undecodable,
    read_payload,
)
from shared.messaging.faults import is_transient
from shared.messaging.feed import Feed, FeedUnavailable, PublisherAway
from shared.messaging.handlers import Registry
from shared.messaging.plan import StreamKey, plan, waves
from shared.telemetry import metrics

log = structlog.get_logger()

MOST_KNOWN = 50_000
"""Positions that are remembered at most; some 10 MB."""
FETCHES = 8
"""Keys whose missing events are asked for at once."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    applied: list[Envelope] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    skipped: int = 0

    @property
    def reached(self) -> dict[StreamKey, int]:
        """The highest sequence applied for each key."""
        highest: dict[StreamKey, int] = {}
        for e in self.applied:
            if e.sequence is not None:
                highest[(e.stream, e.key)] = e.sequence
        return highest


class GapsFound(Exception):
    """Events are missing before those at hand."""

    def __init__(self, gaps: dict[StreamKey, tuple[int, int]]) -> None:
        super().__init__(f"{len(gaps)} keys have gaps")
        self.gaps = gaps


class HandlerFailed(Exception):
    """A handler refused an event for a reason that will not pass by itself."""


class Applier:
    """Applies envelopes for one consumer, through the handlers of its registry."""

    def __init__(self, database: Database, registry: Registry, feed: Feed) -> None:
        self.consumer = registry.consumer
        self.database = database
        self.registry = registry
        self.feed = feed
        self._known: dict[StreamKey, int] = {}
        """Where keys that are not stopped stood after this process's last commit for them, so that
        what comes next of them needs no look. A commit by others is noticed as `AppliedElsewhere`:
        then, and after any other failure, they are read again."""

    def forget(self) -> None:
        """Read all positions again, as others may have applied what comes here meanwhile."""
        self._known.clear()

    async def apply(
        self, envelopes: Sequence[Envelope], letters: Sequence[DeadLetter] = ()
    ) -> Outcome:
        """Apply a batch in one transaction and store `letters` with it.

        Missing events are fetched from the publisher first; of what cannot be had the key is
        stopped. A failing handler is found by applying event by event; only its key is stopped.

        Raises:
            Exception: a transient fault (`faults.is_transient`); nothing was applied.
        """
        batch = list(envelopes)
        isolate = False
        unfillable: set[StreamKey] = set()
        away: set[str] = set()
        while True:
            try:
                async with self.database.transaction(ALL_SITES, repeats=True) as tx:
                    outcome = await self.apply_in(tx, batch, isolate=isolate, unfillable=unfillable)
                    await dead_letters.store(tx, self.consumer, [*letters, *outcome.letters])
                self._remember(outcome)
                self._count(outcome, letters)
                return outcome
            except GapsFound as found:
                batch += await self.fetch(found.gaps, unfillable, away)
            except HandlerFailed:
                isolate = True
            except Exception as error:
                if isolate or is_transient(error):
                    raise
                isolate = True  # what a handler left for the end fails

    async def apply_in(
        self,
        tx: Transaction,
        batch: Sequence[Envelope],
        *,
        isolate: bool,
        unfillable: set[StreamKey],
        retrying: bool = False,
    ) -> Outcome:
        """Apply a batch inside `tx`; see `apply`. `retrying` ignores that keys are stopped."""
        numbered = {(e.stream, e.key) for e in batch if e.sequence is not None}
        reached = {key: self._known.pop(key) for key in numbered if key in self._known}
        decided = plan(batch, reached) if len(reached) == len(numbered) else None
        if decided is None or decided.skip or decided.behind or retrying:
            reached, stopped = await positions.load(tx, self.consumer, numbered)
            decided = plan(batch, reached, frozenset() if retrying else stopped)
        if gaps := {k: v for k, v in decided.gaps.items() if k not in unfillable}:
            raise GapsFound(gaps)
        outcome = Outcome(skipped=len(decided.skip))
        for envelope in decided.behind:
            gap = decided.gaps.get((envelope.stream, envelope.key))
            missing = gap is not None and envelope.sequence == gap[1] + 1
            outcome.letters.append(
                DeadLetter.of(
                    envelope,
                    "gap" if missing else "behind",
                    f"events {gap[0]} to {gap[1]} are missing"
                    if gap and missing
                    else "key is stopped",
                )
            )
        readable = self._read(decided.apply, outcome)
        if isolate:
            await self._one_by_one(tx, readable, outcome)
        else:
            await self._in_waves(tx, readable, outcome)
        positions.advance(tx, self.consumer, reached, outcome.reached)
        return outcome

    def _read(
        self, envelopes: Sequence[Envelope], outcome: Outcome
    ) -> list[tuple[Envelope, Received[Event] | None]]:
        """Payloads of the handled types; a broken event stops its key from there on.

        What nobody here reacts to is passed over, a newer major version too: it is published beside
        the one that is read here.
        """
        readable: list[tuple[Envelope, Received[Event] | None]] = []
        broken: set[StreamKey] = set()
        for envelope in envelopes:
            stream_key = (envelope.stream, envelope.key)
            if stream_key in broken:
                outcome.letters.append(DeadLetter.of(envelope, "behind", "key is stopped"))
                continue
            contract = self.registry.contract_of(envelope.type)
            try:
                event = None if contract is None else read_payload(envelope, contract)
                readable.append((envelope, event))
            except Undecodable as error:
                outcome.letters.append(DeadLetter.of(envelope, "undecodable", str(error)))
                if envelope.sequence is not None:
                    broken.add(stream_key)
        return readable

    async def _in_waves(
        self,
        tx: Transaction,
        readable: Sequence[tuple[Envelope, Received[Event] | None]],
        outcome: Outcome,
    ) -> None:
        received = {id(envelope): event for envelope, event in readable}
        try:
            for group in waves([e for e, event in readable if event is not None]):
                events: list[Any] = [received[id(e)] for e in group]
                await self.registry.handle(tx, group[0].type, events)
        except Exception as error:
            if is_transient(error):
                raise
            raise HandlerFailed from error
        outcome.applied.extend(envelope for envelope, _ in readable)

    async def _one_by_one(
        self,
        tx: Transaction,
        readable: Sequence[tuple[Envelope, Received[Event] | None]],
        outcome: Outcome,
    ) -> None:
        failed: set[StreamKey] = set()
        for envelope, event in readable:
            stream_key = (envelope.stream, envelope.key)
            if stream_key in failed:
                outcome.letters.append(DeadLetter.of(envelope, "behind", "key is stopped"))
                continue
            if event is not None:
                published, locked = len(tx.outgoing), set(tx.locked)
                await tx.execute("SAVEPOINT one_event")
                try:
                    await self.registry.handle(tx, envelope.type, [event])
                    await tx.conclude()
                    await tx.send()
                except Exception as error:
                    if is_transient(error):
                        raise
                    tx.writes.clear()
                    await tx.execute("ROLLBACK TO SAVEPOINT one_event")
                    del tx.outgoing[published:]
                    tx.locked = locked
                    tx.endings.clear()
                    outcome.letters.append(
                        DeadLetter.of(envelope, "handler_failed", describe(error))
                    )
                    if envelope.sequence is not None:
                        failed.add(stream_key)
                    continue
                await tx.execute("RELEASE SAVEPOINT one_event")
            outcome.applied.append(envelope)

    async def fetch(
        self,
        gaps: dict[StreamKey, tuple[int, int]],
        unfillable: set[StreamKey],
        away: set[str],
    ) -> list[Envelope]:
        """The missing events, from the publishers' journals; keys without them become unfillable.

        Some keys are asked for at once. A stream whose publisher is away becomes one of `away`, and
        is not asked for again, as each time costs the whole time-out.
        """
        turns = asyncio.Semaphore(FETCHES)

        async def missing(stream: str, key: str, first: int, last: int) -> list[Envelope]:
            metrics.gaps.labels(self.consumer, stream).inc()
            log.warning("gap", consumer=self.consumer, stream=stream, first=first, last=last)
            events: list[Envelope] = []
            async with turns:
                if stream not in away:
                    try:
                        events = await self.feed.events(stream, key, first, last)
                    except FeedUnavailable as error:
                        log.warning("gap_not_filled", stream=stream, reason=str(error))
                        if isinstance(error, PublisherAway):
                            away.add(stream)
            if [event.sequence for event in events] != list(range(first, last + 1)):
                unfillable.add((stream, key))
            return events

        fetched = await asyncio.gather(*(missing(*key, *gap) for key, gap in gaps.items()))
        return [event for events in fetched for event in events]

    def _remember(self, outcome: Outcome) -> None:
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._known |= outcome.reached
        for letter in outcome.letters:
            self._known.pop((letter.stream, letter.key), None)

    def _count(self, outcome: Outcome, letters: Sequence[DeadLetter]) -> None:
        for envelope in outcome.applied:
            metrics.applied.labels(self.consumer, envelope.stream).inc()
        if outcome.skipped:
            metrics.skipped.labels(self.consumer).inc(outcome.skipped)
        for letter in (*letters, *outcome.letters):
            metrics.dead_lettered.labels(self.consumer, letter.reason).inc()
            if letter.reason != "behind":
                log.error(
                    "dead_letter",
                    consumer=self.consumer,
                    stream=letter.stream,
                    reason=letter.reason,
                    detail=letter.detail,
                    sequence=letter.sequence,
                )


def describe(error: Exception) -> str:
    """The kind of an error; its message stays out, as it may repeat personal data."""
    constraint = getattr(error, "constraint_name", None)
    return f"{type(error).__name__}{f' ({constraint})' if constraint else ''}"
