"""Disengagement: a score that is the sum of its factors, and a risk that does not come and go."""

from importlib import resources
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outcomes.disengagement.policy import DisengagementPolicy, disengagement_policy
from services.outcomes.disengagement.rules import assess, step
from shared.contracts.outcomes import EngagementChanged
from shared.datafiles import DataFileInvalid, parse
from tests.support.attendance import SITE, from_scratch, outcome

CLIENT, STAY = UUID(int=5), UUID(int=6)
POLICY = disengagement_policy()
WHOLE = "id: disengagement"
SHIPPED = (
    resources.files("services.outcomes.disengagement") / "data" / "disengagement.yaml"
).read_text()


def figures(*kinds: str, minutes: int = 165) -> EngagementChanged:
    """The figures after sessions on every other day."""
    return from_scratch(
        outcome(CLIENT, 8 * number, kind, minutes=minutes, sequence=number + 1, stay=STAY)
        for number, kind in enumerate(kinds)
    )


@pytest.mark.parametrize(
    ("kinds", "score"),
    [
        (["attended"] * 9, 0),
        (["attended"] * 6 + ["missed"] * 3, 54),
        (["attended"] * 3 + ["missed"] * 6, 91),
        (["missed"] * 9, 95),
        (["attended"] * 8 + ["missed"], 10),
        (["excused"] * 9, 0),
        (["attended"] * 5 + ["missed"] * 2 + ["excused"] * 2, 35),
        (["missed", "missed"], None),
    ],
)
def test_a_course_of_attendance_has_a_score(kinds: list[str], score: int | None) -> None:
    assert assess(POLICY, figures(*kinds)).score == score


def test_who_comes_late_to_every_session_has_the_points_of_that_alone() -> None:
    found = assess(POLICY, figures(*["attended"] * 9, minutes=160))
    assert {f.name: f.points for f in found.factors if f.points} == {"late_percent": 5.0}
    assert found.score == 5


def test_what_is_not_known_counts_nothing_and_is_shown_as_unknown() -> None:
    values = {f.name: f.value for f in assess(POLICY, figures(*["excused"] * 4)).factors}
    assert (values["days_since_attended"], values["late_percent"]) == (None, None)


NUMBERS = st.integers(0, 2_000)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.integers(0, 28), st.integers(0, 12))
def test_a_score_is_the_sum_of_its_points_and_lies_between_nought_and_a_hundred(
    attended: int, missed: int, week_attended: int, week_missed: int, days: int, run: int
) -> None:
    told = figures(*["attended"] * 5).model_copy(
        update={
            "attended_minutes": attended,
            "missed_minutes": missed,
            "week_attended_minutes": week_attended,
            "week_missed_minutes": week_missed,
            "days_since_attended": days,
            "consecutive_missed": run,
        }
    )
    found = assess(POLICY, told)
    assert found.score is not None
    assert 0 <= found.score <= 100
    assert abs(sum(f.points for f in found.factors) - found.score) <= 0.5 + 0.05 * 5
    assert all(0 <= f.points <= f.weight for f in found.factors)
    worse = told.model_copy(update={"consecutive_missed": run + 1})
    assert (assess(POLICY, worse).score or 0) >= found.score


@pytest.mark.parametrize(
    ("score", "at_risk", "expected"),
    [
        (50, False, "raise"),
        (49, False, "stay"),
        (49, True, "stay"),
        (31, True, "stay"),
        (30, True, "clear"),
        (100, True, "stay"),
        (None, True, "stay"),
        (None, False, "stay"),
    ],
)
def test_a_risk_is_raised_at_one_bound_and_cleared_at_another(
    score: int | None, at_risk: bool, expected: str
) -> None:
    assert step(POLICY, score, at_risk=at_risk) == expected


@pytest.mark.parametrize(
    ("was", "becomes", "at", "reason"),
    [
        ("weight: 15", "weight: 16", WHOLE, "add up to 101"),
        ("clear_at: 30", "clear_at: 50", WHOLE, "come and go"),
        ("figure: late_percent", "figure: missed_percent", WHOLE, "missed_percent is there twice"),
        (
            "figure: late_percent",
            "figure: mood",
            "figure: late",
            "Input should be 'missed_percent'",
        ),
        ("full_at: 60", "full_at: 20", "figure: missed", "above where it counts nothing"),
        ("full_at: 80", "full_at: 120", "figure: late", "never count in full"),
        ("raise_at: 50", "raise_at: 101", "raise_at: 50", "less than or equal to 100"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_with_its_line(
    was: str, becomes: str, at: str, reason: str
) -> None:
    assert SHIPPED.count(was) == 1
    with pytest.raises(DataFileInvalid, match=reason) as refused:
        parse(DisengagementPolicy, SHIPPED.replace(was, becomes), "own.yaml")
    assert refused.value.line == SHIPPED[: SHIPPED.index(at)].count("\n") + 1


def test_a_site_has_weights_of_its_own_only_where_a_file_says_so() -> None:
    assert disengagement_policy(SITE) == POLICY
