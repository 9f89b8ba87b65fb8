"""Who comes: the mean and the spread of the rates, and misses that come in runs."""

from itertools import pairwise
from random import Random
from statistics import mean, pstdev

import pytest

from stepwell.region.plan import ABSENT
from stepwell.region.presence import after_miss, miss_after_attending, own_rate, presence
from stepwell.region.rates import base_rates

RATES = base_rates()


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.78, 0.95])
def test_the_long_run_rate_is_kept_although_misses_come_in_runs(rate: float) -> None:
    p = miss_after_attending(rate, 2.0)
    q = after_miss(p, 2.0)
    assert q / (1 - q) == pytest.approx(2 * p / (1 - p))
    assert rate * p + (1 - rate) * q == pytest.approx(1 - rate)


def test_attendance_has_the_mean_and_the_spread_of_the_rates() -> None:
    rng = Random(5)
    rates = [own_rate(RATES, rng) for _ in range(4000)]
    gain = RATES.attendance.reminder_gain
    assert mean(rates) == pytest.approx(0.78 + gain, abs=0.01)
    assert pstdev(rates) == pytest.approx(0.12, abs=0.01)


def test_a_miss_doubles_the_odds_of_the_next_one() -> None:
    found = presence(RATES, Random(6), rate=0.78, sessions=60_000)
    missed = [one.status in ABSENT for one in found]
    pairs = list(pairwise(missed))
    after = [second for first, second in pairs if first]
    otherwise = [second for first, second in pairs if not first]
    odds = [mean(group) / (1 - mean(group)) for group in (after, otherwise)]
    assert odds[0] / odds[1] == pytest.approx(2.0, rel=0.1)
    assert mean(missed) == pytest.approx(0.22, abs=0.01)


def test_reminders_do_not_halve_misses() -> None:
    assert RATES.attendance.reminder_gain < 0.03


def test_who_dropped_out_no_longer_comes() -> None:
    found = presence(RATES, Random(7), rate=0.99, sessions=10, until=4)
    assert [one.status for one in found[4:]] == ["no_show"] * 6


def test_a_session_attended_in_part_has_minutes_and_others_have_none() -> None:
    found = presence(RATES, Random(8), rate=0.9, sessions=2_000)
    for one in found:
        assert (one.minutes is not None) == (one.status == "partial")
        assert one.minutes is None or 60 <= one.minutes < 165
    assert any(one.status == "partial" for one in found)
