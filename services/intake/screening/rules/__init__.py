"""Scoring: from item answers to a result that says how it came about.

A missing answer is never a zero. Screens are not diagnoses: results are symptom bands, levels of
risk and positive screens.
"""

from services.intake.screening.rules.answers import (
    NOT_ASKED,
    Answer,
    Impossible,
    check,
    not_asked,
    with_skips,
)
from services.intake.screening.rules.results import (
    Result,
    SafetyItem,
    Sex,
    Status,
    Subscore,
)
from services.intake.screening.rules.scoring import SCORING_VERSION, half_up, score
from services.intake.screening.rules.trend import has_risen

__all__ = [
    "NOT_ASKED",
    "SCORING_VERSION",
    "Answer",
    "Impossible",
    "Result",
    "SafetyItem",
    "Sex",
    "Status",
    "Subscore",
    "check",
    "half_up",
    "has_risen",
    "not_asked",
    "score",
    "with_skips",
]
