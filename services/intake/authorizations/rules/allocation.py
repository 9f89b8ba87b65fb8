"""Which authorization gives the units of which day: one answer for one set of facts.

Whatever the order in which facts arrived or were corrected, days are gone through by date. So the
units of an authorization depend on what is true now, and on nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.intake.authorizations.rules.units import Day, only_attended, units_of
from shared.billing import UnitRule


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorization that is not withdrawn. Both days are within it."""

    id: UUID
    code: str
    rule: UnitRule
    units: int
    first: date
    last: date

    def covers(self, on: date) -> bool:
        """Whether it holds on a day."""
        return self.first <= on <= self.last


@dataclass(frozen=True, slots=True)
class Taken:
    """Units that a day takes of a grant, and units beyond what it has left."""

    units: int
    overrun: int


@dataclass(frozen=True, slots=True)
class DayUnits:
    """All units of a day, over all codes. `authorized`: some grant covers it."""

    units: int = 0
    overrun: int = 0
    authorized: bool = False


@dataclass(slots=True)
class Allocation:
    """What each grant gives on each day, and what each day got."""

    taken: dict[tuple[UUID, date], Taken] = field(default_factory=dict)
    days: dict[date, DayUnits] = field(default_factory=dict)

    def of(self, grant: UUID) -> Taken:
        """The sums of a grant."""
        of = [taken for (id_, _), taken in self.taken.items() if id_ == grant]
        return Taken(sum(one.units for one in of), sum(one.overrun for one in of))


def allocate(grants: Iterable[Grant], days: Sequence[Day]) -> Allocation:
    """Give units to days in their order.

    Per code, a day takes its units of the grant that expires first among those that cover it and
    have units left; what that one lacks comes from the next with the same meaning of a unit. Units
    that none has left are overrun on the one that began; a grant never goes below nothing.
    """
    by_code: dict[str, list[Grant]] = {}
    for grant in sorted(grants, key=lambda one: (one.last, one.first, one.id.bytes)):
        by_code.setdefault(grant.code, []).append(grant)
    left = {grant.id: grant.units for group in by_code.values() for grant in group}
    made = Allocation()
    for day in only_attended(days):
        covering = [[g for g in group if g.covers(day.on)] for group in by_code.values()]
        units = overrun = 0
        for group in covering:
            for id_, taken in _of_day(group, day, left).items():
                made.taken[id_, day.on] = taken
                left[id_] -= taken.units
                units += taken.units
                overrun += taken.overrun
        made.days[day.on] = DayUnits(units, overrun, any(covering))
    return made


def _of_day(grants: Sequence[Grant], day: Day, left: Mapping[UUID, int]) -> dict[UUID, Taken]:
    """What a day takes of the grants of one code that cover it, which expires first in front."""
    if not grants:
        return {}
    begins = next((grant for grant in grants if left[grant.id] > 0), grants[0])
    wanted = units_of(begins.rule, day)
    found: dict[UUID, Taken] = {}
    for grant in grants:
        if grant.rule == begins.rule and (units := min(wanted, left[grant.id])):
            found[grant.id] = Taken(units, 0)
            wanted -= units
    if wanted:
        units = found[begins.id].units if begins.id in found else 0
        found[begins.id] = Taken(units, wanted)
    return found


def reach(grants: Iterable[Grant], first: date, last: date) -> tuple[date, date]:
    """The days whose units can change when something between `first` and `last` does.

    Grants hang together where they share days: what one gives decides on what the next has to. A
    grant is always within the reach in full, or not at all.
    """
    open_ = list(grants)
    while True:
        touched = [g for g in open_ if g.first <= last and g.last >= first]
        if not touched:
            return first, last
        first = min(first, *(g.first for g in touched))
        last = max(last, *(g.last for g in touched))
        open_ = [g for g in open_ if g not in touched]
