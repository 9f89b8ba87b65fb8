"""Which cohort a client joins, with the reasons. No I/O: cohorts and policy come in as values."""

from services.scheduling.placement.rules.ranking import UNTOLD, choose, choose_cohort, compare
from services.scheduling.placement.rules.values import (
    EVERYBODY,
    NO_PRIORITY,
    Choice,
    Cohort,
    Considered,
    Eligibility,
    Finding,
    Need,
    Situation,
    priority_of,
)

__all__ = [
    "EVERYBODY",
    "NO_PRIORITY",
    "UNTOLD",
    "Choice",
    "Cohort",
    "Considered",
    "Eligibility",
    "Finding",
    "Need",
    "Situation",
    "choose",
    "choose_cohort",
    "compare",
    "priority_of",
]
