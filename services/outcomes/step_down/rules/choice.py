"""Which recommendation is made, kept or withdrawn; with hysteresis, so that none comes and goes."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from services.outcomes.step_down.rules.figures import Facts
from services.outcomes.step_down.rules.verdicts import evaluate, is_met, missing, stands
from services.outcomes.step_down.values import Policy
from shared.contracts.outcomes import RecommendationKind, Verdict


@dataclass(frozen=True, slots=True)
class Open:
    """A recommendation that nobody has decided on."""

    kind: RecommendationKind
    made_of: Collection[str]
    """The names of the rules that were met when it was made."""


@dataclass(frozen=True, slots=True)
class Made:
    """A recommendation to make, with its explanation."""

    kind: RecommendationKind
    to_level: str
    criteria: list[Verdict]
    missing: list[str]
    """What is still missing for a step-down."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of the open recommendation, and which one is made."""

    withdraw: Literal["no_longer_met", "superseded"] | None = None
    make: Made | None = None


def choose(
    policy: Policy, facts: Facts, known: Open | None, paused: Collection[RecommendationKind]
) -> Choice:
    """What to do for a client on the day of the facts.

    One recommendation is open at most. It gives way to one that goes before it, and is withdrawn
    when it does not stand any more; `paused` kinds, which were decided on or withdrawn a short
    while ago, are not made.
    """
    ranks = list(policy.ways())
    if known is None:
        return Choice(make=_first(policy, facts, ranks, paused))
    if known.kind not in ranks or not _goes_on(policy, facts, known):
        return Choice("no_longer_met", _first(policy, facts, ranks, paused))
    made = _first(policy, facts, ranks[: ranks.index(known.kind)], paused)
    return Choice("superseded" if made else None, made)


def _goes_on(policy: Policy, facts: Facts, known: Open) -> bool:
    """Whether the open one stands by what it was made of, or by other rules now."""
    way = policy.ways()[known.kind]
    return stands(way, known.made_of, facts) or is_met(way, evaluate(way, facts))


def _first(
    policy: Policy,
    facts: Facts,
    kinds: Collection[RecommendationKind],
    paused: Collection[RecommendationKind],
) -> Made | None:
    made = (_made(policy, kind, facts) for kind in kinds if kind not in paused)
    return next((one for one in made if one is not None), None)


def _made(policy: Policy, kind: RecommendationKind, facts: Facts) -> Made | None:
    way = policy.ways()[kind]
    criteria = evaluate(way, facts)
    if not is_met(way, criteria):
        return None
    return Made(kind, way.to_level or policy.from_level, criteria, missing(policy, facts))
