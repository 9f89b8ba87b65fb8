"""What an operator does with a stopped key: try its records again, or let the consumer go on."""

import asyncio
import contextlib
from collections.abc import Iterator

import structlog

from shared.database import ALL_SITES, Transaction
from shared.errors import Conflict, NotFound
from shared.messaging import dead_letters, positions
from shared.messaging.applier import Applier, GapsFound
from shared.messaging.dead_letters import DeadLetter
from shared.messaging.envelope import Envelope, Undecodable, open_envelope
from shared.messaging.faults import is_transient
from shared.messaging.plan import StreamKey

log = structlog.get_logger()

REPAIR_SECONDS = 2.0
STOPPED_UP_TO = """
SELECT max(sequence) FROM platform.dead_letters
WHERE consumer = $1 AND stream = $2 AND key = $3 AND resolution IS NULL
"""


class NotStopped(NotFound, title="The key is not stopped"):
    """The key has no dead letter."""


class CannotSkip(Conflict, title="Cannot go on from there"):
    """The operator's number does not fit what was applied and what is a dead letter."""


async def retry(
    applier: Applier, stream: str, key: str, *, by: str, away: set[str] | None = None
) -> tuple[int, int]:
    """Try the records of a stopped key again, in order; how many were applied and how many remain.

    Missing events of the streams in `away` are not asked for; see `Applier.fetch`.

    Raises:
        NotStopped: when there is none.
    """
    fetched: list[Envelope] = []
    unfillable: set[StreamKey] = set()
    away = set() if away is None else away
    while True:
        try:
            async with applier.database.transaction(ALL_SITES) as tx:
                return await _retry_in(tx, applier, stream, key, by, fetched, unfillable)
        except GapsFound as found:
            fetched += await applier.fetch(found.gaps, unfillable, away)


async def _retry_in(
    tx: Transaction,
    applier: Applier,
    stream: str,
    key: str,
    by: str,
    fetched: list[Envelope],
    unfillable: set[StreamKey],
) -> tuple[int, int]:
    letters = await dead_letters.open_of(tx, applier.consumer, stream, key)
    if not letters:
        raise NotStopped(f"The consumer {applier.consumer} has no dead letter of this key.")
    envelopes: dict[int, Envelope] = {}
    for letter, _, headers, payload, partition, offset in letters:
        try:
            envelopes[letter] = open_envelope(
                stream, key.encode(), payload, headers, partition=partition, offset=offset
            )
        except Undecodable as error:
            await dead_letters.failed_again(tx, letter, "undecodable", str(error))
    outcome = await applier.apply_in(
        tx,
        [*envelopes.values(), *fetched],
        isolate=True,
        unfillable=unfillable,
        retrying=True,
    )
    remaining = {_place(x): x for x in outcome.letters}
    reasons = {letter: reason for letter, reason, *_ in letters}
    done = []
    for letter, envelope in envelopes.items():
        again = remaining.pop(_place(envelope), None)
        if again is None:
            done.append(letter)
        elif again.reason != "behind" or reasons[letter] != "behind":
            await dead_letters.failed_again(tx, letter, again.reason, again.detail)
    # What is left was fetched for this attempt and failed, or stands behind what did.
    await dead_letters.store(tx, applier.consumer, list(remaining.values()))
    await dead_letters.resolve(tx, done, "applied", tx.now, by)
    return len(done), len(letters) - len(done)


def _place(record: Envelope | DeadLetter) -> tuple[int, int, int]:
    """What a record is known by: its number, or where it was read if it has none."""
    if record.sequence is not None:
        return (record.sequence, 0, 0)
    return (0, record.partition, record.offset)


async def skip(
    tx: Transaction, consumer: str, stream: str, key: str, *, up_to: int, by: str
) -> int:
    """Go on after sequence `up_to` without applying the dead letters until there.

    Later records of the key stay so until they are retried. Returns how many were skipped.

    Raises:
        NotStopped: the key has no dead letter.
        CannotSkip: `up_to` was already reached, or is beyond the last dead letter.
    """
    last = await tx.fetchval(STOPPED_UP_TO, consumer, stream, key)
    if last is None:
        raise NotStopped(f"The consumer {consumer} has no dead letter of this key.")
    if up_to > last:
        raise CannotSkip(f"Only events up to {last} are dead letters: name a lower one.")
    reached, _ = await positions.load(tx, consumer, [(stream, key)])
    at = reached.get((stream, key), 0)
    if up_to <= at:
        raise CannotSkip(f"Events up to {at} are applied already: name a higher one.")
    rows = await tx.fetch(
        "SELECT id FROM platform.dead_letters WHERE consumer = $1 AND stream = $2 AND key = $3"
        " AND resolution IS NULL AND sequence <= $4",
        consumer,
        stream,
        key,
        up_to,
    )
    positions.advance(tx, consumer, reached, {(stream, key): up_to})
    await dead_letters.resolve(tx, [r["id"] for r in rows], "skipped", tx.now, by)
    log.warning("events_skipped", consumer=consumer, stream=stream, first=at + 1, last=up_to)
    return len(rows)


async def repair(applier: Applier) -> None:
    """Try keys again and again that wait for missing events, until the publisher gives them; at
    once where more wait than a round takes and some went on."""
    went_on = False
    while True:
        if not went_on:
            await asyncio.sleep(REPAIR_SECONDS)
        went_on = False
        keys: list[StreamKey] = []
        with _postponed():
            async with applier.database.transaction(ALL_SITES) as tx:
                keys = await dead_letters.keys_that_may_go_on(tx, applier.consumer)
        away: set[str] = set()
        for stream, key in keys:
            with _postponed():
                applied, _ = await retry(applier, stream, key, by="repair", away=away)
                went_on |= applied > 0


@contextlib.contextmanager
def _postponed() -> Iterator[None]:
    """Leave what fails to the next round."""
    try:
        yield
    except NotStopped:
        pass
    except Exception as error:
        log.warning("repair_postponed", error=type(error).__name__, transient=is_transient(error))
