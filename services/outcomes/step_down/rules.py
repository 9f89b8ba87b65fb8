"""Comparing a client's engagement and scores with a step-down policy. Unknown is never met."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.outcomes.step_down.policy import (
    EngagementCriterion,
    ScoreCriterion,
    StepDownPolicy,
)
from shared.contracts.base import Criterion


@dataclass(frozen=True, slots=True)
class Figures:
    """The engagement figures a policy looks at."""

    weeks_observed: int
    attended: int
    missed: int
    excused: int
    consecutive_missed: int

    @property
    def sessions(self) -> int:
        return self.attended + self.missed + self.excused


@dataclass(frozen=True, slots=True)
class LatestScore:
    """The latest result of an instrument."""

    total: int | None
    status: str
    safety_item: str | None
    answered_on: date
    """At the site."""


def evaluate(
    policy: StepDownPolicy,
    figures: Figures | None,
    scores: Mapping[str, LatestScore],
    today: date,
) -> list[Criterion]:
    """Each criterion of the policy with what was found; all must be met for a step-down.

    `today` is the date at the site: a score is as old as the days of its calendar.
    """
    return [
        *(_engagement(criterion, figures) for criterion in policy.engagement),
        *(
            _score(criterion, scores.get(criterion.instrument), today)
            for criterion in policy.scores
        ),
    ]


def all_met(criteria: list[Criterion]) -> bool:
    """Whether a step-down is to be recommended."""
    return all(criterion.met for criterion in criteria)


def _engagement(criterion: EngagementCriterion, figures: Figures | None) -> Criterion:
    required = (
        f"at least {criterion.at_least}"
        if criterion.at_least is not None
        else f"at most {criterion.at_most}"
    )
    if criterion.figure == "attendance_percent":
        required += " %"
    if figures is None or figures.sessions == 0:
        return _criterion(criterion, False, "no session yet", required)
    value, observed = _value(criterion, figures)
    met = (criterion.at_least is None or value >= criterion.at_least) and (
        criterion.at_most is None or value <= criterion.at_most
    )
    return _criterion(criterion, met, observed, required)


def _value(criterion: EngagementCriterion, figures: Figures) -> tuple[Fraction, str]:
    if criterion.figure == "weeks_observed":
        return Fraction(figures.weeks_observed), f"{figures.weeks_observed} weeks"
    if criterion.figure == "consecutive_missed":
        missed = figures.consecutive_missed
        return Fraction(missed), f"{missed} missed in a row"
    percent = Fraction(100 * figures.attended, figures.sessions)
    return percent, f"{float(percent):.1f} % ({figures.attended} of {figures.sessions} sessions)"


def _score(criterion: ScoreCriterion, score: LatestScore | None, today: date) -> Criterion:
    safe = f", safety item {criterion.safety_item}" if criterion.safety_item else ""
    required = f"below {criterion.below}{safe}, at most {criterion.max_age_days} days old"
    if score is None:
        return _criterion(criterion, False, "never measured", required)
    days = (today - score.answered_on).days
    observed = f"{score.status}, {days} days old"
    if score.total is not None:
        observed = f"{score.total} ({observed})"
    if criterion.safety_item:
        observed += f", safety item {score.safety_item or 'unknown'}"
    met = (
        score.total is not None
        and score.total < criterion.below
        and days <= criterion.max_age_days
        and (criterion.safety_item is None or score.safety_item == criterion.safety_item)
    )
    return _criterion(criterion, met, observed, required)


def _criterion(
    criterion: EngagementCriterion | ScoreCriterion, met: bool, observed: str, required: str
) -> Criterion:
    return Criterion(
        name=criterion.name,
        met=met,
        observed=observed,
        required=required,
        source=criterion.source,
    )
