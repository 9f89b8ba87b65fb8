"""What the rules of a step-up and of an extension look at, at their edges."""

from dataclasses import replace

import pytest

from services.outcomes.programs.rules.proportion import wilson
from services.outcomes.step_down.rules.figures import (
    Facts,
    Figures,
    Goal,
    LatestScore,
    Looked,
    Risk,
    look,
)
from tests.support.recommendations import FACTS, FIGURES, PHQ9, TODAY, day, found, rule

CHANGE = rule("score_change", instrument="phq-9", at_least=6, max_age_days=14)
BASELINE = LatestScore(9, "complete", "negative", day(40))
LATER = LatestScore(15, "complete", "negative", day(3))


@pytest.mark.parametrize(
    ("enrolled", "weeks"), [(0, 1), (6, 1), (7, 2), (69, 10), (70, 11), (76, 11), (77, 12)]
)
def test_weeks_in_the_program_are_those_that_have_begun(enrolled: int, weeks: int) -> None:
    looked = look(rule("weeks_in_program", at_least=2), replace(FACTS, enrolled_on=day(enrolled)))
    assert looked == Looked(weeks, f"week {weeks}", {"weeks": weeks}, TODAY)


@pytest.mark.parametrize(
    ("mondays_ago", "short", "as_of"),
    [((), 0, None), ((0,), 0, None), ((1, 4), 2, 7), ((5,), 0, None), ((0, 1, 2, 3, 4, 5), 4, 7)],
)
def test_of_short_weeks_only_the_latest_that_are_over_count(
    mondays_ago: tuple[int, ...], short: int, as_of: int | None
) -> None:
    facts = replace(FACTS, short_weeks=[day(7 * n) for n in mondays_ago])
    expected = None if as_of is None else day(as_of)
    for today in (TODAY, day(-6)):
        looked = look(rule("short_weeks", weeks=4, at_least=1), replace(facts, today=today))
        told = f"{short} of the latest 4 weeks short of hours"
        assert looked == Looked(short, told, {"short": short}, expected)


def scored(latest: LatestScore | None, baseline: LatestScore | None, today: int = 0) -> Looked:
    return look(
        CHANGE,
        Facts(
            today=day(today),
            enrolled_on=day(40),
            scores={"phq-9": latest} if latest else {},
            baselines={"phq-9": baseline} if baseline else {},
        ),
    )


def test_a_change_is_from_the_baseline_to_the_latest_score() -> None:
    worse = scored(LATER, BASELINE)
    inputs = {"total": 15, "days_old": 3, "baseline": 9}
    assert worse == Looked(6, "+6 (from 9 to 15, 3 days old)", inputs, day(3))
    better = scored(replace(LATER, total=4), BASELINE)
    assert (better.value, better.observed) == (-5, "-5 (from 9 to 4, 3 days old)")


def test_without_two_comparable_scores_there_is_no_change() -> None:
    assert scored(None, BASELINE) == Looked(None, "never measured")
    once = Looked(None, "measured once, or without a baseline", as_of=day(3))
    assert scored(LATER, None) == once
    assert scored(LATER, LATER) == once
    for other in (
        replace(BASELINE, version="2.0"),
        replace(BASELINE, total=None, status="incomplete"),
    ):
        assert scored(LATER, other) == Looked(None, "not comparable, 3 days old", as_of=day(3))
    no_total = scored(replace(LATER, total=None), BASELINE)
    assert no_total == Looked(None, "not comparable, 3 days old", as_of=day(3))


@pytest.mark.parametrize(("severity", "count"), [(None, 3), ("moderate", 3), ("high", 2)])
def test_risks_count_by_their_severity(severity: str | None, count: int) -> None:
    risks = [Risk("moderate", day(1)), Risk("high", day(9)), Risk("high", day(4))]
    looked = look(
        rule("open_risk_flags", at_least=1, severity=severity), replace(FACTS, risks=risks)
    )
    as_of = day(4) if severity == "high" else day(1)
    assert looked == Looked(count, f"{count} open", {"open": count}, as_of)
    assert look(rule("open_risk_flags", at_least=1), FACTS) == Looked(0, "0 open", {"open": 0})


def test_use_counts_in_the_days_up_to_today() -> None:
    uses = [day(-1), day(0), day(13), day(14)]
    looked = look(rule("use_reports", at_least=2, days=14), replace(FACTS, uses=uses))
    assert looked == Looked(2, "2 in 14 days", {"reports": 2}, TODAY)
    assert look(rule("use_reports", at_least=2, days=14), FACTS).as_of is None


@pytest.mark.parametrize(
    ("figure", "goals", "count", "as_of"),
    [
        ("open_goals", None, 2, day(2)),
        ("open_goals", "phase", 1, day(3)),
        ("open_goals", "clinician", 1, day(2)),
        ("met_goals", None, 1, day(1)),
        ("met_goals", "clinician", 0, None),
    ],
)
def test_goals_count_by_kind_and_state(
    figure: str, goals: str | None, count: int, as_of: object
) -> None:
    known = [
        Goal("phase", "open", day(3)),
        Goal("clinician", "open", day(2)),
        Goal("phase", "met", day(1)),
        Goal("phase", "dropped", day(0)),
    ]
    looked = look(rule(figure, at_least=1, goals=goals), replace(FACTS, goals=known))
    state = figure.removesuffix("_goals")
    assert looked == Looked(count, f"{count} {state}", {state: count}, as_of)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "whole", "lower", "upper"),
    [
        (81, 263, 25.5, 36.6),  # Newcombe 1998, table I, method 3
        (15, 148, 6.2, 16.0),
        (0, 20, 0.0, 16.1),
        (1, 29, 0.6, 17.2),
        (29, 29, 88.3, 100.0),
    ],
)
def test_limits_of_a_share_are_those_of_the_published_examples(
    part: int, whole: int, lower: float, upper: float
) -> None:
    assert [100 * limit for limit in wilson(part, whole)] == pytest.approx((lower, upper), abs=0.05)


def test_a_share_of_too_few_sessions_is_not_known() -> None:
    few = replace(FACTS, figures=Figures(1, attended=1, missed=3, excused=1, consecutive_missed=2))
    low = rule("attendance_percent", at_most=49, sessions=6)
    inputs = {"attended": 1, "excused": 1, "sessions": 5}
    assert look(low, few) == Looked(None, "1 of 5 sessions, too few", inputs)
    dated = replace(few, figures=replace(FIGURES, attended=1, missed=4))
    assert look(low, dated).as_of == TODAY
    assert look(low, replace(few, figures=replace(FIGURES, attended=1, missed=5))).value is not None
    assert not found(few, "step_up")["attendance_low"].met


def test_limits_of_a_share_never_leave_it() -> None:
    assert all(wilson(n, n)[1] <= 1 and wilson(0, n)[0] >= 0 for n in range(1, 500))


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (replace(FACTS, figures=replace(FIGURES, attended=49, missed=51)), "attendance_low"),
        (replace(FACTS, short_weeks=[day(7), day(14), day(28)]), "hours_short"),
        (replace(FACTS, scores={"phq-9": replace(PHQ9, total=20)}), "phq_9_severe"),
        (replace(FACTS, risks=[Risk("high", TODAY)]), "high_risk_flag"),
        (replace(FACTS, uses=[day(0), day(13)]), "returns_to_use"),
        (replace(FACTS, scores={"phq-9": LATER}, baselines={"phq-9": BASELINE}), "phq_9_worse"),
    ],
)
def test_one_rule_is_enough_for_a_step_up(facts: Facts, name: str) -> None:
    assert [one.name for one in found(facts, "step_up").values() if one.met] == [name]
    assert [one.name for one in found(FACTS, "step_up").values() if one.met] == []


def test_a_subscale_is_a_score_of_its_own() -> None:
    first = LatestScore(None, "complete", None, day(40), subscores={"use": 6, "risk": 14})
    latest = LatestScore(None, "complete", None, day(5), subscores={"use": 2, "risk": None})
    facts = replace(FACTS, scores={"bam": latest}, baselines={"bam": first})

    def looked(figure: str, subscale: str) -> Looked:
        given = {"instrument": "bam", "subscale": subscale, "max_age_days": 35, "at_most": 1}
        return look(rule(figure, **given), facts)

    use = looked("score", "use")
    assert (use.value, use.inputs) == (2, {"use": 2, "days_old": 5})
    assert use.observed == "2 (complete, 5 days old)"
    change = looked("score_change", "use")
    assert (change.value, change.observed) == (-4, "-4 (from 6 to 2, 5 days old)")
    assert change.inputs == {"use": 2, "days_old": 5, "baseline": 6}
    assert looked("score", "risk").value is None
    assert looked("score", "risk").inputs == {"days_old": 5}
    assert looked("score_change", "risk").value is None
    assert looked("score", "protective").value is None
