"""Units of a day, and which of them no authorization covers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.scheduling.units.policy import CodeRule
from shared.billing import Service, UnitRule, counting, units_of

Days = Mapping[date, Sequence[Service]]


def rate_of(rule: CodeRule, services: Iterable[Service]) -> str | None:
    """What is paid for a day by its number of services: the highest rate that it reaches."""
    count = len(counting(rule, services))
    reached = [rate for rate in rule.rates if rate.at_least <= count]
    return max(reached, key=lambda rate: rate.at_least).name if reached else None


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


def to_take(grants: Sequence[Grant], done: Days, booked: Days) -> dict[date, int]:
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
    more = {on: units - before.get(on, 0) for on, units in after.items()}
    return {on: units for on, units in more.items() if units > 0}
