"""What to do with a batch, decided from positions alone: apply, skip, stop, or fetch first."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.messaging.envelope import Envelope, Received

StreamKey = tuple[str, str]
"""A stream and a key: the unit of order."""
T = TypeVar("T", Envelope, Received[Any])


@dataclass(slots=True)
class Plan:
    """The decision for one batch. Every envelope of the batch is in exactly one of the lists."""

    apply: list[Envelope] = field(default_factory=list)
    skip: list[Envelope] = field(default_factory=list)
    behind: list[Envelope] = field(default_factory=list)
    """Of stopped keys: to become dead letters in order."""
    gaps: dict[StreamKey, tuple[int, int]] = field(default_factory=dict)
    """Per key the first and the last sequence that is missing before the next one at hand."""


def by_key(envelopes: Iterable[Envelope]) -> dict[StreamKey, list[Envelope]]:
    """Envelopes grouped by key, each group in the order of its sequence."""
    grouped: dict[StreamKey, list[Envelope]] = {}
    for envelope in envelopes:
        grouped.setdefault((envelope.stream, envelope.key), []).append(envelope)
    for group in grouped.values():
        if len(group) > 1:
            group.sort(key=lambda e: -1 if e.sequence is None else e.sequence)
    return grouped


def plan(
    envelopes: Iterable[Envelope],
    positions: Mapping[StreamKey, int],
    stopped: Set[StreamKey] = frozenset(),
) -> Plan:
    """Compare a batch with the positions reached so far.

    An event is applied when it is the next one of its key, skipped when its number was reached
    before, and a dead letter when its key is stopped. From the first missing number on, nothing of
    the key is applied and the gap is named. Events of derived streams have no number: they are
    applied.
    """
    decided = Plan()
    for stream_key, group in by_key(envelopes).items():
        reached = positions.get(stream_key, 0)
        is_stopped = stream_key in stopped
        for index, envelope in enumerate(group):
            sequence = envelope.sequence
            if sequence is None:
                decided.apply.append(envelope)
            elif sequence <= reached:
                decided.skip.append(envelope)
            elif is_stopped:
                decided.behind.append(envelope)
            elif sequence == reached + 1:
                decided.apply.append(envelope)
                reached = sequence
            else:
                decided.gaps[stream_key] = (reached + 1, sequence - 1)
                decided.behind.extend(group[index:])
                break
    return decided


def waves(envelopes: Sequence[T]) -> list[list[T]]:
    """Cut a batch into groups of one type that can be handled at once, in the order returned.

    Two events of one key never change their order: a later one of another type goes to a later
    group.
    """
    groups: list[list[T]] = []
    last_group: dict[str, int] = {}
    for envelope in envelopes:
        for place in range(last_group.get(envelope.key, 0), len(groups)):
            if groups[place][0].type == envelope.type:
                groups[place].append(envelope)
                break
        else:
            place = len(groups)
            groups.append([envelope])
        last_group[envelope.key] = place
    return groups
