"""Applying a batch: what fails at the end stops nobody else, and what moved undoes it all."""

from typing import Any
from uuid import uuid4

import pytest

from shared.database import ALL_SITES, Transaction
from shared.database.transaction import AppliedElsewhere
from shared.messaging.applier import Applier
from tests.support.subscriber import Subscriber, publish_referrals
from tests.support.system import System


async def test_what_fails_at_the_end_is_a_dead_letter_and_stops_no_other_client(
    system: System, subscriber: Subscriber
):
    good, bad = uuid4(), uuid4()
    subscriber.failing_at_end = {2}
    events = [*await publish_referrals(system, bad, 3), *await publish_referrals(system, good, 1)]
    outcome = await subscriber.applier.apply(events)
    told = [(one.sequence, one.reason, one.detail) for one in outcome.letters]
    assert told == [
        (2, "handler_failed", "DivisionByZeroError"),
        (3, "behind", "key is stopped"),
    ]
    assert {(e.key, e.sequence) for e in outcome.applied} == {(str(bad), 1), (str(good), 1)}
    reached = await system.fetch(
        "outcomes", "SELECT key, sequence FROM platform.positions WHERE stream = 'intake'"
    )
    assert {tuple(row) for row in reached} == {(str(bad), 1), (str(good), 1)}


async def test_a_position_that_moved_meanwhile_undoes_the_batch(
    system: System, subscriber: Subscriber
):
    ana, ben = uuid4(), uuid4()
    events = [*await publish_referrals(system, ana, 2), *await publish_referrals(system, ben, 2)]
    await subscriber.applier.apply([e for e in events if e.sequence == 1])
    rest = [e for e in events if e.sequence == 2]
    other = Applier(subscriber.database, subscriber.applier.registry, subscriber.feed)
    await other.apply([e for e in rest if e.key == str(ben)])
    with pytest.raises(AppliedElsewhere):
        await subscriber.applier.apply(rest)
    await subscriber.applier.apply(rest)
    reached = await system.fetch("outcomes", "SELECT sequence FROM platform.positions")
    assert [row["sequence"] for row in reached] == [2, 2]


async def test_a_key_that_others_stopped_stays_so_after_the_partitions_were_shared_out(
    system: System, subscriber: Subscriber
):
    bad = uuid4()
    first, second, third = await publish_referrals(system, bad, 3)
    await subscriber.applier.apply([first])
    other = Applier(subscriber.database, subscriber.applier.registry, subscriber.feed)
    subscriber.failing_at_end = {2}
    await other.apply([second])
    subscriber.failing_at_end = set()
    for assigned_anew in (False, True):
        if assigned_anew:
            subscriber.applier.forget()
        outcome = await subscriber.applier.apply([third])
        assert [(one.sequence, one.reason) for one in outcome.letters] == [(3, "behind")]
    outcome = await subscriber.applier.apply([second, third])
    assert [one.reason for one in outcome.letters] == ["behind", "behind"]


async def test_what_is_left_for_the_end_is_done_once_with_all_that_was_given(
    subscriber: Subscriber,
):
    done: list[tuple[str, list[Any]]] = []

    async def last(tx: Transaction, given: list[Any]) -> None:
        done.append(("last", given))

    async def first(tx: Transaction, given: list[Any]) -> None:
        done.append(("first", given))
        tx.at_end(last, "from the first")

    async with subscriber.database.transaction(ALL_SITES) as tx:
        tx.at_end(first, 1, 2)
        tx.at_end(first, 3)
        assert done == []
    assert done == [("first", [1, 2, 3]), ("last", ["from the first"])]


async def test_what_fails_at_the_end_undoes_what_was_done_before(
    system: System, subscriber: Subscriber
):
    async def fail(tx: Transaction, given: list[Any]) -> None:
        raise ValueError("cannot be decided")

    async def write() -> None:
        async with subscriber.database.transaction(ALL_SITES) as tx:
            await tx.execute("INSERT INTO platform.streams VALUES ('outcomes', 'none', 1)")
            tx.at_end(fail)

    with pytest.raises(ValueError, match="cannot be decided"):
        await write()
    assert await system.fetch("outcomes", "SELECT FROM platform.streams") == []
