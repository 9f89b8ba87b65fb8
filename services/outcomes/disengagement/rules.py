"""From the figures of a stay to a score of disengagement, factor by factor."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.outcomes.disengagement.policy import DisengagementPolicy, Factor
from shared.contracts.outcomes import DisengagementFactor, DisengagementFigure, EngagementChanged

NEVER = 28
"""Days since a client attended where they did not in the whole window."""
Figures = Mapping[DisengagementFigure, Fraction | None]
Step = Literal["raise", "clear", "stay"]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The score with what it comes from; None while there are too few sessions to tell."""

    score: int | None
    factors: list[DisengagementFactor]


def assess(policy: DisengagementPolicy, told: EngagementChanged) -> Assessment:
    """Each factor of the policy by the figures of a stay, and the sum, rounded half up."""
    figures = figures_of(told)
    parts = [_points(factor, figures[factor.figure]) for factor in policy.factors]
    factors = [
        DisengagementFactor(
            name=factor.figure,
            weight=factor.weight,
            value=_rounded(figures[factor.figure]),
            points=round(float(part), 1),
        )
        for factor, part in zip(policy.factors, parts, strict=True)
    ]
    sessions = told.sessions_attended + told.sessions_missed + told.sessions_excused
    enough = sessions >= policy.at_least_sessions
    return Assessment(int(sum(parts, Fraction(1, 2))) if enough else None, factors)


def step(policy: DisengagementPolicy, score: int | None, *, at_risk: bool) -> Step:
    """What a score means to who is at risk, or is not.

    Between the two bounds everything stays as it is, so that a score that wavers raises nothing
    anew; so it does without a score.
    """
    if score is None:
        return "stay"
    if at_risk:
        return "clear" if score <= policy.clear_at else "stay"
    return "raise" if score >= policy.raise_at else "stay"


def figures_of(told: EngagementChanged) -> Figures:
    """What factors look at; None is unknown. Shares are of planned minutes, excused ones too."""
    days = told.days_since_attended
    if days is None and told.sessions_missed:
        days = NEVER
    week = (told.week_missed_minutes, told.week_attended_minutes, told.week_excused_minutes)
    late = told.sessions_late or 0
    return {
        "missed_percent": _percent(
            told.missed_minutes, told.attended_minutes, told.excused_minutes
        ),
        "week_missed_percent": _percent(*(minutes or 0 for minutes in week)),
        "consecutive_missed": Fraction(told.consecutive_missed),
        "days_since_attended": None if days is None else Fraction(days),
        "late_percent": _percent(late, told.sessions_attended - late),
    }


def _percent(part: int, *others: int) -> Fraction | None:
    whole = part + sum(others)
    return Fraction(100 * part, whole) if whole else None


def _points(factor: Factor, value: Fraction | None) -> Fraction:
    if value is None:
        return Fraction(0)
    share = (value - factor.none_at) / (factor.full_at - factor.none_at)
    return factor.weight * min(max(share, Fraction(0)), Fraction(1))


def _rounded(value: Fraction | None) -> float | None:
    """To a tenth, as it is shown."""
    return None if value is None else round(float(value), 1)
