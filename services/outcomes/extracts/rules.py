"""From rows of clients to rows that name nobody: ids, dates, and traits that few people share."""

import hmac
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

Traits = dict[str, str | bool | None]


def pseudonym(key: bytes, kind: str, id_: UUID) -> str:
    """What stands for a person or a stay in one extract; without the key nobody finds the id."""
    return _drawn(key, kind, id_).hex()[:24]


def shift(key: bytes, person_id: UUID, most_weeks: int) -> timedelta:
    """By how much all dates of a person are moved: whole weeks, so that days of the week stay, and
    never none."""
    drawn = int.from_bytes(_drawn(key, "shift", person_id)[:8], "big") % (2 * most_weeks)
    weeks = drawn - most_weeks
    return timedelta(weeks=weeks if weeks < 0 else weeks + 1)


def moved(day: date | None, by: timedelta) -> date | None:
    """A day as it stands in an extract; none stays none."""
    return None if day is None else day + by


def unfamiliar(
    traits: Mapping[UUID, Traits],
    person_of: Mapping[UUID, UUID],
    left_out_first: Sequence[str],
    smallest: int,
) -> dict[UUID, Traits]:
    """The traits of stays, so that at least `smallest` people share each combination.

    Where fewer do, one column after the other is left out; stays that are among fewer without all
    of them are not in the answer.
    """
    known = {stay: dict(found) for stay, found in traits.items()}
    for column in left_out_first:
        for stay in _rare(known, person_of, smallest):
            known[stay][column] = None
    for stay in _rare(known, person_of, smallest):
        del known[stay]
    return known


def _rare(
    traits: Mapping[UUID, Traits], person_of: Mapping[UUID, UUID], smallest: int
) -> list[UUID]:
    groups: defaultdict[tuple[object, ...], list[UUID]] = defaultdict(list)
    for stay, found in traits.items():
        groups[tuple(found[name] for name in sorted(found))].append(stay)
    return [
        stay
        for stays in groups.values()
        if len({person_of[stay] for stay in stays}) < smallest
        for stay in stays
    ]


def _drawn(key: bytes, kind: str, id_: UUID) -> bytes:
    return hmac.digest(key, kind.encode() + id_.bytes, "sha256")
