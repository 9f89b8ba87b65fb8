"""Which cohort a client joins, with the reasons. No I/O: cohorts and policy come in as values."""

from services.scheduling.placement.rules.ranking import choose_cohort
from services.scheduling.placement.rules.values import (
    NO_PRIORITY,
    Choice,
    Cohort,
    Considered,
    Eligibility,
    Need,
    Situation,
    priority_of,
)

__all__ = [
    "NO_PRIORITY",
    "Choice",
    "Cohort",
    "Considered",
    "Eligibility",
    "Need",
    "Situation",
    "choose_cohort",
    "priority_of",
]
