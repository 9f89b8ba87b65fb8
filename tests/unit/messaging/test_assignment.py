"""One client's streams are one member's, or wait."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocol,
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)

from shared.messaging.assignment import split_off, together


class Cluster:
    def __init__(self, partitions: int) -> None:
        self.partitions = partitions

    def partitions_for_topic(self, _: str) -> set[int]:
        return set(range(self.partitions))


def assigned(assignor: Any, members: Mapping[str, list[str]], partitions: int = 4) -> Any:
    return assignor.assign(
        Cluster(partitions),
        {name: ConsumerProtocolMemberMetadata(0, topics, b"") for name, topics in members.items()},
    )


def on(topic: str, *partitions: int) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for partition in partitions]


@pytest.mark.parametrize("partitions", [4, 12])
@pytest.mark.parametrize("members", [1, 2, 3, 5])
def test_by_range_every_member_has_the_same_partitions_of_all_streams(
    members: int, partitions: int
):
    topics = ["intake", "scheduling", "outcomes"]
    made = assigned(together(), {f"m{n}": topics for n in range(members)}, partitions)
    assert all(split_off(topics, one.partitions()) == [] for one in made.values())
    assert sum(len(one.partitions()) for one in made.values()) == 3 * partitions


def test_of_one_stream_more_in_a_new_release_the_clients_of_old_members_wait():
    made = assigned(together(), {"new": ["a", "b", "c"], "old": ["a", "b"]})
    assert split_off(["a", "b"], made["old"].partitions()) == []
    waiting = split_off(["a", "b", "c"], made["new"].partitions())
    assert waiting == on("c", 2, 3)


def test_partitions_that_a_broker_spread_topic_by_topic_wait():
    spread = [*on("a", 0, 1, 2), *on("b", 1), *on("c", 1, 3)]
    assert split_off(["a", "b", "c"], spread) == [*on("a", 0, 2), *on("c", 3)]
    assert split_off(["a", "b"], on("a", 0, 1, 2, 3)) == on("a", 0, 1, 2, 3)


def test_who_has_nothing_waits_for_nothing():
    assert split_off(["a", "b"], []) == []
    assert split_off([], []) == []


def test_our_own_assignment_is_known_from_any_other_of_that_name():
    ours, theirs = together(), together()
    members = {"one": ["a"]}
    ours.on_assignment(sent(assigned(ours, members)["one"]))
    theirs.on_assignment(sent(assigned(RangePartitionAssignor, members)["one"]))
    assert (ours.known, theirs.known) == (True, False)
    ours.on_assignment(ConsumerProtocolMemberAssignment(0, [], b""))
    assert not ours.known


def sent(assignment: ConsumerProtocolMemberAssignment) -> ConsumerProtocolMemberAssignment:
    """The assignment as it arrives at the member."""
    received: ConsumerProtocolMemberAssignment = ConsumerProtocol.ASSIGNMENT.decode(
        assignment.encode()
    )
    return received
