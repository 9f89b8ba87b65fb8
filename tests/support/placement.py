"""Choosing a cohort at once, as the chart of a transaction does in two steps."""

from collections.abc import Iterable
from dataclasses import replace

from services.scheduling.placement.policy import PlacementPolicy
from services.scheduling.placement.rules.ranking import choose, compare
from services.scheduling.placement.rules.values import Choice, Cohort, Need, Situation

NOTHING_KNOWN = Situation()


def choose_cohort(
    need: Need, cohorts: Iterable[Cohort], policy: PlacementPolicy, at: Situation = NOTHING_KNOWN
) -> Choice:
    """Compare the cohorts with a client's need, and choose the one that fits best."""
    by_policy = replace(at, policy=policy)
    return choose(compare(need, cohorts, by_policy), by_policy)
