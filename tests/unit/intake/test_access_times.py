"""Counting days of access."""

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.access_times.policy import Targets, targets
from services.intake.access_times.rules import Target, days_between, nearest_rank, status
from shared.datafiles import DataFileInvalid, parse

INITIATION = Target(14, first_day_counts=True)
WEEK = Target(7, first_day_counts=False)
SITE = UUID(int=7)


def test_the_first_day_counts_as_in_hedis_iet():
    assert INITIATION.last_day(date(2026, 3, 10)) == date(2026, 3, 23)


def test_where_it_does_not_count_there_is_a_day_more():
    assert Target(14, first_day_counts=False).last_day(date(2026, 3, 10)) == date(2026, 3, 24)


@pytest.mark.parametrize(
    ("happened_on", "found"),
    [
        (date(2026, 3, 10), "within"),
        (date(2026, 3, 23), "within"),
        (date(2026, 3, 24), "late"),
        (date(2026, 3, 1), "within"),
    ],
)
def test_initiation_on_the_last_day_is_in_time_and_on_the_next_is_not(
    happened_on: date, found: str
):
    days = days_between(date(2026, 3, 10), happened_on)
    assert status(days, 90, False, INITIATION) == found


@pytest.mark.parametrize(
    ("days", "age", "stopped", "found"),
    [
        (7, 9, False, "within"),
        (8, 9, False, "late"),
        (None, -3, False, "due_on"),
        (None, 7, False, "due_on"),
        (None, 8, False, "late"),
        (None, 3, True, "stopped"),
        (None, 30, True, "stopped"),
        (7, 30, True, "within"),
        (8, 30, True, "late"),
        (0, 0, False, "within"),
    ],
)
def test_what_came_about_counts_and_what_did_not_waits_until_it_is_late_or_stopped(
    days: int | None, age: int, stopped: bool, found: str
):
    assert status(days, age, stopped, WEEK) == found


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 60), st.booleans())
def test_a_day_is_in_time_up_to_the_last_day_and_never_after(start: date, days: int, counts: bool):
    target = Target(days, counts)
    last = target.last_day(start)
    assert status(days_between(start, last), 0, False, target) == "within"
    assert status(days_between(start, last + timedelta(days=1)), 0, False, target) == "late"


@given(st.dates(), st.dates())
def test_nobody_waits_less_than_no_day(start: date, happened_on: date):
    assert days_between(start, happened_on) >= 0
    if happened_on >= start:
        assert start + timedelta(days=days_between(start, happened_on)) == happened_on


@pytest.mark.parametrize(
    ("waited", "median", "ninetieth"),
    [
        ([], None, None),
        ([3], 3, 3),
        ([1, 2], 1, 2),
        ([1, 2, 3], 2, 3),
        ([*range(1, 11)], 5, 9),
        ([*range(1, 12)], 6, 10),
        ([0, 0, 0, 20], 0, 20),
    ],
)
def test_median_and_ninetieth_percentile_by_nearest_rank(
    waited: list[int], median: int | None, ninetieth: int | None
):
    assert nearest_rank(Counter(waited), 50) == median
    assert nearest_rank(Counter(waited), 90) == ninetieth


@given(st.lists(st.integers(0, 400), min_size=1), st.integers(1, 100))
def test_at_least_so_many_waited_no_longer_and_fewer_waited_less(waited: list[int], percent: int):
    found = nearest_rank(Counter(waited), percent)
    assert found in waited
    assert sum(days <= found for days in waited) * 100 >= percent * len(waited)
    assert sum(days < found for days in waited) * 100 < percent * len(waited)


FILE = """
version: 2
source: A policy of the organization.
first_day_counts: false
default: {first_screening: 3, first_service: 10}
"""


def test_an_organization_may_have_its_own_targets():
    assert parse(Targets, FILE, "targets.yaml").by_measure == {
        "first_screening": Target(3, False),
        "first_service": Target(10, False),
    }


def test_the_targets_that_come_along_are_a_week_and_two():
    assert {m: t.days for m, t in targets(SITE).by_measure.items()} == {
        "first_screening": 7,
        "first_service": 14,
    }


def test_a_target_of_no_days_is_named_by_its_line():
    with pytest.raises(DataFileInvalid, match=r"targets\.yaml:5: default\.first_service"):
        parse(Targets, FILE.replace("first_service: 10", "first_service: 0"), "targets.yaml")
