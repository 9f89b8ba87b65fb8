"""A client who just meets every rule of a step-down, and policies with one thing changed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.outcomes.step_down.policy import RecommendationPolicy, policies
from services.outcomes.step_down.rules.figures import Facts, Figures, LatestScore
from services.outcomes.step_down.rules.verdicts import evaluate
from services.outcomes.step_down.values import Rule
from shared.contracts.outcomes import RecommendationKind, Verdict

TODAY = date(2026, 3, 16)
"""A Monday."""
POLICY = policies()["2.1"]
FIGURES = Figures(3, attended=8, missed=2, excused=0, consecutive_missed=0, until=TODAY)
PHQ9 = LatestScore(9, "complete", "negative", TODAY - timedelta(days=14))
GAD7 = LatestScore(9, "complete", None, TODAY - timedelta(days=14))
FACTS = Facts(
    today=TODAY,
    enrolled_on=TODAY - timedelta(weeks=4),
    figures=FIGURES,
    scores={"phq-9": PHQ9, "gad-7": GAD7},
)


def day(ago: int) -> date:
    """So many days ago."""
    return TODAY - timedelta(days=ago)


def with_scores(phq9: LatestScore | None = PHQ9, gad7: LatestScore | None = GAD7) -> Facts:
    scores = {"phq-9": phq9, "gad-7": gad7}
    return replace(FACTS, scores={name: one for name, one in scores.items() if one is not None})


def found(facts: Facts = FACTS, kind: RecommendationKind = "step_down") -> dict[str, Verdict]:
    """The verdicts of the shipped policy by name."""
    return {one.name: one for one in evaluate(POLICY.ways().get(kind), facts)}


def unmet(facts: Facts) -> list[str]:
    return [name for name, verdict in found(facts).items() if not verdict.met]


def rule(figure: str, **given: Any) -> Rule:
    """A rule of its own."""
    return Rule.model_validate({"name": "it", "figure": figure, "source": "Test", **given})


def with_change(place: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The shipped policy as a file's content with one thing changed, or left out for None."""
    policy: dict[str, Any] = json.loads(POLICY.model_dump_json(exclude_none=True))
    *way, last = place
    part: Any = policy
    for step in way:
        part = part[step]
    if value is None:
        del part[last]
    elif isinstance(part, list) and last == len(part):
        part.append(value)
    else:
        part[last] = value
    return policy


def policy_of(**ways: Mapping[str, Any]) -> RecommendationPolicy:
    """A policy with these ways only."""
    known = POLICY.model_dump(include={"id", "version", "status", "from_level", "pause_days"})
    return RecommendationPolicy.model_validate({**known, **ways})
