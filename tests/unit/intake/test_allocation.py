"""Units go to authorizations by what is true now, in whatever order it became known."""

from datetime import date, timedelta
from itertools import permutations
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.intake.authorizations.rules.allocation import (
    Allocation,
    DayUnits,
    Grant,
    Taken,
    allocate,
    reach,
)
from services.intake.authorizations.rules.units import Day, Service
from services.intake.payers.policy import UnitRule

MONDAY = date(2026, 2, 2)
PER_DIEM = UnitRule(unit="per_diem", minimum_minutes=120)
QUARTERS = UnitRule(unit="15_min", minimum_minutes=8, counts_from=8)


def on(offset: int) -> date:
    return MONDAY + timedelta(days=offset)


def grant(
    number: int, first: int, last: int, units: int, code: str = "H0015", of: UnitRule = PER_DIEM
) -> Grant:
    return Grant(UUID(int=number), code, of, units, on(first), on(last))


def day(offset: int, *minutes: int) -> Day:
    return Day(on(offset), tuple(Service("group", one) for one in minutes or (165,)))


def used(made: Allocation, number: int) -> tuple[int, int]:
    of = made.of(UUID(int=number))
    return of.units, of.overrun


def test_a_grant_holds_on_its_first_and_its_last_day_and_on_no_other() -> None:
    made = allocate([grant(1, 1, 3, 10)], [day(n) for n in range(5)])
    assert {d for _, d in made.taken} == {on(1), on(2), on(3)}
    assert made.days[on(0)] == DayUnits(0, 0, authorized=False)
    assert made.days[on(1)] == DayUnits(1, 0, authorized=True)


def test_where_two_grants_meet_the_one_that_expires_first_is_used() -> None:
    grants = [grant(1, 0, 5, 10), grant(2, 5, 9, 10)]
    for given_ in permutations(grants):
        made = allocate(given_, [day(4), day(5), day(6)])
        assert (used(made, 1), used(made, 2)) == ((2, 0), (1, 0))


def test_what_the_first_grant_lacks_comes_from_the_next_that_covers_the_day() -> None:
    grants = [grant(1, 0, 5, 1), grant(2, 0, 9, 10)]
    made = allocate(grants, [day(0), day(1), day(8)])
    assert (used(made, 1), used(made, 2)) == ((1, 0), (2, 0))


def test_units_beyond_all_grants_are_overrun_and_never_negative() -> None:
    made = allocate([grant(1, 0, 9, 2)], [day(n) for n in range(5)])
    assert used(made, 1) == (2, 3)
    assert made.days[on(4)] == DayUnits(0, 1, authorized=True)


def test_a_day_of_time_units_is_shared_by_two_grants() -> None:
    grants = [grant(1, 0, 5, 4, of=QUARTERS), grant(2, 0, 9, 4, of=QUARTERS)]
    made = allocate(grants, [day(0, 150)])
    assert (used(made, 1), used(made, 2)) == ((4, 2), (4, 0))
    assert made.days[on(0)] == DayUnits(8, 2, authorized=True)


def test_grants_with_another_meaning_of_a_unit_do_not_share_a_day() -> None:
    grants = [grant(1, 0, 5, 4, of=QUARTERS), grant(2, 0, 9, 4)]
    made = allocate(grants, [day(0, 75), day(1)])
    assert (used(made, 1), used(made, 2)) == ((4, 1), (1, 0))


def test_codes_take_their_units_apart() -> None:
    grants = [grant(1, 0, 5, 4), grant(2, 0, 5, 20, code="H0004", of=QUARTERS)]
    made = allocate(grants, [day(0, 150)])
    assert (used(made, 1), used(made, 2)) == ((1, 0), (10, 0))


def test_a_change_reaches_as_far_as_grants_share_days() -> None:
    grants = [grant(1, 0, 5, 1), grant(2, 5, 9, 1), grant(3, 11, 20, 1), grant(4, 9, 10, 1)]
    assert reach(grants, on(2), on(2)) == (on(0), on(10))
    assert reach(grants, on(12), on(13)) == (on(11), on(20))
    assert reach(grants, on(30), on(31)) == (on(30), on(31))
    assert reach(grants, on(10), on(11)) == (on(0), on(20))


facts = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 200)), max_size=15)
some_grants = st.lists(
    st.builds(
        lambda number, first, length, units, quarters: grant(
            number,
            first,
            first + length,
            units,
            "H0004" if quarters else "H0015",
            QUARTERS if quarters else PER_DIEM,
        ),
        st.integers(1, 1000),
        st.integers(0, 15),
        st.integers(0, 8),
        st.integers(1, 12),
        st.booleans(),
    ),
    max_size=5,
    unique_by=lambda one: one.id,
)


def days_of(told: list[tuple[int, int]]) -> list[Day]:
    by_day: dict[int, list[int]] = {}
    for offset, minutes in told:
        by_day.setdefault(offset, []).append(minutes)
    return [day(offset, *minutes) for offset, minutes in by_day.items()]


@settings(max_examples=60)
@given(grants=some_grants, told=facts, order=st.randoms())
def test_no_grant_gives_more_than_it_has_and_no_order_matters(
    grants: list[Grant], told: list[tuple[int, int]], order: object
) -> None:
    days = days_of(told)
    made = allocate(grants, days)
    for one in grants:
        assert 0 <= made.of(one.id).units <= one.units
    mixed = list(grants), list(days)
    for part in mixed:
        order.shuffle(part)  # type: ignore[attr-defined]
    assert allocate(*mixed) == made
    assert sum(one.units + one.overrun for one in made.days.values()) == sum(
        one.units + one.overrun for one in made.taken.values()
    )


class Ledger(RuleBasedStateMachine):
    """Sessions attended, missed and corrected, told late, twice and out of order."""

    @initialize(grants=some_grants)
    def begin(self, grants: list[Grant]) -> None:
        self.grants = grants
        self.facts: dict[int, dict[int, tuple[int, int]]] = {}
        self.number = 0
        self.taken: dict[tuple[UUID, date], Taken] = {}
        self.days: dict[date, DayUnits] = {}

    @rule(session=st.integers(0, 12), minutes=st.sampled_from([0, 0, 30, 90, 120, 165]))
    def told(self, session: int, minutes: int) -> None:
        self.number += 1
        self._note(session, self.number, minutes)

    @rule(session=st.integers(0, 12), minutes=st.sampled_from([0, 165]), back=st.integers(1, 5))
    def told_late(self, session: int, minutes: int, back: int) -> None:
        self._note(session, max(0, self.number - back), minutes)

    @rule(session=st.integers(0, 12))
    def told_again(self, session: int) -> None:
        for number, (_, minutes) in list(self.facts.get(session, {}).items()):
            self._note(session, number, minutes)

    @rule(units=st.integers(1, 12))
    def first_grant_changed(self, units: int) -> None:
        if self.grants:
            old = self.grants[0]
            new = Grant(old.id, old.code, old.rule, units, old.first, old.last)
            self.grants = [new, *self.grants[1:]]
            self._settle(old.first, old.last)

    def _note(self, session: int, number: int, minutes: int) -> None:
        self.facts.setdefault(session, {}).setdefault(number, (session * 3 // 2, minutes))
        self._settle(on(session * 3 // 2), on(session * 3 // 2))

    def _settle(self, first: date, last: date) -> None:
        """As it is done with rows: only what is within reach is reckoned, and replaced."""
        first, last = reach(self.grants, first, last)
        near = [g for g in self.grants if g.first <= last and g.last >= first]
        made = allocate(near, [d for d in self._days() if first <= d.on <= last])
        ids = {g.id for g in near}
        self.taken = {k: v for k, v in self.taken.items() if k[0] not in ids} | made.taken
        self.days = {d: v for d, v in self.days.items() if not first <= d <= last} | made.days

    def _days(self) -> list[Day]:
        latest = [told[max(told)] for told in self.facts.values()]
        return days_of([(offset, minutes) for offset, minutes in latest if minutes])

    @invariant()
    def it_is_as_if_reckoned_from_the_final_facts(self) -> None:
        if hasattr(self, "grants"):
            scratch = allocate(self.grants, self._days())
            assert self.taken == scratch.taken
            assert self.days == scratch.days


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
