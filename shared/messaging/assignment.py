"""Which partitions a member of a service's group has: the same ones of all its streams."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

MARK = b"stepwell"
STRANGE = (
    "The group's partitions were assigned by somebody who tears clients' streams apart: let others "
    "use groups of their own."
)


class Together(RangePartitionAssignor):  # type: ignore[misc]  # aiokafka is untyped
    """Kafka's range assignor: as all streams have the same partitions, one client is one member's
    on all of them. What it assigns is marked: where members of other clients are in the group the
    broker or one of them may assign instead."""

    known = False
    """Whether the assignment at hand is marked."""

    @classmethod
    def assign(
        cls, cluster: Any, members: Mapping[str, Any]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        return {
            member: ConsumerProtocolMemberAssignment(made.version, made.assignment, MARK)
            for member, made in super().assign(cluster, members).items()
        }

    @classmethod
    def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
        cls.known = assignment.user_data == MARK


def together() -> type[Together]:
    """An assignor of one consumer, as aiokafka takes classes."""
    return type("TogetherHere", (Together,), {})


def split_off(topics: Iterable[str], assigned: Iterable[TopicPartition]) -> list[TopicPartition]:
    """The assigned partitions whose number was not assigned on each of the topics."""
    given = list(assigned)
    numbers = [{tp.partition for tp in given if tp.topic == topic} for topic in topics]
    whole = set.intersection(*numbers) if numbers else set()
    return sorted(tp for tp in given if tp.partition not in whole)
