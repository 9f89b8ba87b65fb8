"""Units of a day, and which of them no authorization covers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.scheduling.units.policy import MINUTES, UnitRule


@dataclass(frozen=True, slots=True)
class Service:
    """A session of a client with its credited or planned minutes, breaks not counted."""

    kind: str
    minutes: int


def units_of(rule: UnitRule, services: Iterable[Service]) -> int:
    """How many units the services of one day are."""
    minutes = [one.minutes for one in _counting(rule, services)]
    parts = minutes if rule.adds_up == "session" else [sum(minutes)]
    return sum(_units(rule, part) for part in parts)


def rate_of(rule: UnitRule, services: Iterable[Service]) -> str | None:
    """What is paid for a day by its number of services: the highest rate that it reaches."""
    count = len(_counting(rule, services))
    reached = [rate for rate in rule.rates if rate.at_least <= count]
    return max(reached, key=lambda rate: rate.at_least).name if reached else None


def _counting(rule: UnitRule, services: Iterable[Service]) -> list[Service]:
    return [one for one in services if rule.session_kinds is None or one.kind in rule.session_kinds]


def _units(rule: UnitRule, minutes: int) -> int:
    if minutes < rule.minimum_minutes:
        return 0
    if rule.counts_from is None:
        return 1
    length = MINUTES[rule.unit]
    return (minutes + length - rule.counts_from) // length


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorization that is not withdrawn, of one code. Both days are within it."""

    rule: UnitRule
    granted: int
    used: int
    first: date
    last: date

    @property
    def left(self) -> int:
        """Units not used yet, whatever is booked."""
        return self.granted - self.used

    def covers(self, on: date) -> bool:
        """Whether it holds on a day."""
        return self.first <= on <= self.last


def to_take(
    grants: Sequence[Grant],
    done: Mapping[date, Sequence[Service]],
    booked: Mapping[date, Sequence[Service]],
) -> dict[date, int]:
    """Units that the booked services of each day will take, beyond what is `done` on it already.
    What a unit is on a day the grant says that covers it, else the one that ended last."""
    taken = {}
    for on, services in booked.items():
        rule = next((one for one in grants if one.covers(on)), grants[-1]).rule
        before = done.get(on, ())
        taken[on] = units_of(rule, [*before, *services]) - units_of(rule, before)
    return taken


def uncovered(grants: Sequence[Grant], wanted: Mapping[date, int]) -> dict[date, int]:
    """Units of each day that no grant covers or has left; days are gone through in their order, and
    of several grants the one that expires first gives."""
    ordered = sorted(grants, key=lambda one: (one.last, one.first))
    left = [grant.left for grant in ordered]
    over = {}
    for on, units in sorted(wanted.items()):
        for n, grant in enumerate(ordered):
            if grant.covers(on):
                given = min(units, left[n])
                left[n] -= given
                units -= given
        if units > 0:
            over[on] = units
    return over


def beyond(before: Mapping[date, int], after: Mapping[date, int]) -> dict[date, int]:
    """What of `after` was not uncovered `before`."""
    return {
        on: units - before.get(on, 0) for on, units in after.items() if units > before.get(on, 0)
    }
