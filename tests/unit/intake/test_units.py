"""Units of a day by the meaning of a unit."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.authorizations.rules.units import Day, Service, tier_of, units_of
from services.intake.payers.policy import (
    BillingCode,
    Payer,
    UnitRule,
    codes,
    complete,
    payers,
    terms,
)
from shared.calendar import day_at
from shared.datafiles import DataFileInvalid

DAY = date(2026, 2, 23)
PER_DIEM = UnitRule(unit="per_diem", minimum_minutes=120)
QUARTERS = UnitRule(unit="15_min", minimum_minutes=8, counts_from=8)
HOURS_DOWN = UnitRule(unit="hour", minimum_minutes=60, counts_from=60)
HOURS_UP = UnitRule(unit="hour", minimum_minutes=1, counts_from=1)


def day(*minutes: int, kind: str | None = "group") -> Day:
    return Day(DAY, tuple(Service(kind, one) for one in minutes))


@pytest.mark.parametrize(
    ("minutes", "units"), [((119,), 0), ((120,), 1), ((60, 60), 1), ((165, 165), 1), ((60, 59), 0)]
)
def test_a_per_diem_day_is_one_unit_from_the_least_minutes_on(
    minutes: tuple[int, ...], units: int
) -> None:
    assert units_of(PER_DIEM, day(*minutes)) == units


@pytest.mark.parametrize(
    ("minutes", "units"),
    [(7, 0), (8, 1), (22, 1), (23, 2), (37, 2), (38, 3), (52, 3), (53, 4), (165, 11)],
)
def test_a_quarter_of_an_hour_counts_from_its_eighth_minute(minutes: int, units: int) -> None:
    assert units_of(QUARTERS, day(minutes)) == units


@pytest.mark.parametrize(
    ("minutes", "down", "up"), [(59, 0, 1), (60, 1, 1), (61, 1, 2), (165, 2, 3), (180, 3, 3)]
)
def test_hours_are_rounded_as_the_data_say(minutes: int, down: int, up: int) -> None:
    assert units_of(HOURS_DOWN, day(minutes)) == down
    assert units_of(HOURS_UP, day(minutes)) == up


def test_minutes_are_added_up_before_the_rounding_or_not() -> None:
    apart = QUARTERS.model_copy(update={"adds_up": "session"})
    assert units_of(QUARTERS, day(7, 7, 7)) == 1
    assert units_of(apart, day(7, 7, 7)) == 0
    assert units_of(apart, day(8, 8)) == 2
    assert units_of(QUARTERS, day(8, 8)) == 1


def test_only_the_kinds_of_session_that_a_code_is_for_count() -> None:
    individual = codes()["H0004"].units
    assert units_of(individual, day(60, kind="individual")) == 4
    assert units_of(individual, day(165, kind="group")) == 0
    assert units_of(individual, day(60, kind=None)) == 0
    assert units_of(PER_DIEM, day(165, kind=None)) == 1


@pytest.mark.parametrize(
    ("minutes", "units"),
    [
        ((23, 23), 3),
        ((22, 22), 3),
        ((38,), 3),
        ((37,), 2),
        ((7,), 0),
        ((7, 7), 1),
        ((7, 7, 7), 1),
        ((4, 3), 0),
        ((8, 8), 1),
        ((22,), 1),
        ((23,), 2),
        ((19, 19), 3),
        ((18, 19), 2),
        ((53, 52), 7),
    ],
)
def test_individual_counseling_adds_the_minutes_of_a_day_before_it_rounds(
    minutes: tuple[int, ...], units: int
) -> None:
    assert units_of(codes()["H0004"].units, day(*minutes, kind="individual")) == units


def test_other_kinds_of_session_do_not_add_to_the_minutes_of_a_code() -> None:
    mixed = Day(DAY, (Service("individual", 22), Service("group", 165), Service("individual", 22)))
    assert units_of(codes()["H0004"].units, mixed) == 3


@pytest.mark.parametrize("minutes", range(1, 400, 7))
def test_minutes_cut_into_sessions_of_one_day_are_as_many_units_as_uncut(minutes: int) -> None:
    rule = codes()["H0004"].units
    for cut in range(1, minutes, 11):
        parts = day(cut, minutes - cut, kind="individual")
        assert units_of(rule, parts) == units_of(rule, day(minutes, kind="individual"))


@given(st.lists(st.integers(1, 300), max_size=6), st.sampled_from([PER_DIEM, QUARTERS, HOURS_UP]))
def test_more_attendance_is_never_fewer_units(minutes: list[int], rule: UnitRule) -> None:
    before = units_of(rule, day(*minutes))
    assert before <= units_of(rule, day(*minutes, 10))
    assert before >= 0


@pytest.mark.parametrize(
    ("instant", "zone", "on"),
    [
        (datetime(2026, 2, 24, 0, 30, tzinfo=UTC), "America/Denver", date(2026, 2, 23)),
        (datetime(2026, 2, 24, 6, 59, tzinfo=UTC), "America/Denver", date(2026, 2, 23)),
        (datetime(2026, 2, 24, 7, 0, tzinfo=UTC), "America/Denver", date(2026, 2, 24)),
        (datetime(2026, 7, 1, 5, 59, tzinfo=UTC), "America/Denver", date(2026, 6, 30)),
        (datetime(2026, 7, 1, 6, 0, tzinfo=UTC), "America/Denver", date(2026, 7, 1)),
        (datetime(2026, 7, 1, 6, 0, tzinfo=UTC), "America/Phoenix", date(2026, 6, 30)),
        (datetime(2026, 3, 8, 6, 59, tzinfo=UTC), "America/Denver", date(2026, 3, 7)),
        (datetime(2026, 3, 9, 5, 59, tzinfo=UTC), "America/Denver", date(2026, 3, 8)),
        (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), "America/Denver", date(2026, 11, 1)),
        (datetime(2026, 11, 2, 6, 59, tzinfo=UTC), "America/Denver", date(2026, 11, 1)),
    ],
)
def test_the_day_of_a_session_is_the_sites_in_summer_and_in_winter(
    instant: datetime, zone: str, on: date
) -> None:
    assert day_at(instant, zone) == on


@pytest.mark.parametrize(
    ("services", "tier"),
    [
        (0, None),
        (1, "below_three_services"),
        (2, "below_three_services"),
        (3, "three_services"),
        (4, "four_or_more_services"),
        (9, "four_or_more_services"),
    ],
)
def test_medicare_pays_a_day_by_its_number_of_services(services: int, tier: str | None) -> None:
    payment = terms("medicare", "medicare").day_payment
    assert payment is not None
    assert not payment.verified
    assert tier_of(payment, services) == tier


def test_a_unit_of_one_code_differs_by_payer() -> None:
    code = codes()["H0015"]
    assert terms("commercial", "commercial").unit_rule(code).unit == "per_diem"
    assert terms("commercial-hourly", "commercial").unit_rule(code).unit == "hour"
    assert terms("medicaid-quarter-hours", "medicaid").unit_rule(code).unit == "15_min"


def test_a_payer_that_is_not_listed_is_taken_as_its_kind() -> None:
    assert terms(None, "medicaid").id == "medicaid"
    assert terms("gone-since-then", "va").id == "va"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"unit": "per_diem", "minimum_minutes": 1, "counts_from": 1}, "with these only"),
        ({"unit": "hour", "minimum_minutes": 1}, "goes with units of time"),
        ({"unit": "15_min", "minimum_minutes": 1, "counts_from": 16}, "between 1 and 15"),
        ({"unit": "hour", "minimum_minutes": 1, "counts_from": 0}, "between 1 and 60"),
        ({"unit": "per_diem", "minimum_minutes": 1, "adds_up": "session"}, "over the day"),
    ],
)
def test_a_unit_without_a_clear_meaning_is_refused(wrong: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        UnitRule.model_validate(wrong)


def test_payers_that_leave_open_what_holds_are_refused() -> None:
    listed = payers()
    without = {name: one for name, one in listed.items() if name != "va"}
    with pytest.raises(DataFileInvalid, match="one payer has to stand for va"):
        complete(without)
    with pytest.raises(DataFileInvalid, match="two files have the same id"):
        complete({"a": listed["va"], "b": listed["va"]})
    with pytest.raises(ValueError, match="X9999 is no code of the list"):
        Payer.model_validate(listed["va"].model_dump() | {"units": {"X9999": PER_DIEM}})


def test_every_code_says_where_it_comes_from_and_what_is_open() -> None:
    assert {"H0015", "S9480"} <= codes().keys()
    for code in codes().values():
        assert isinstance(code, BillingCode)
        assert code.source
        assert not code.verified
