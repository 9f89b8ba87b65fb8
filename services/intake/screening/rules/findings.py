"""What answers say beside a sum: levels of risk, symptoms, notes and alerts."""

from collections.abc import Sequence
from operator import contains

from services.intake.screening.rules.answers import Answer, holds
from services.intake.screening.rules.prepared import Prepared, SyndromeTable, Test
from shared.contracts.intake import RiskKind, RiskSeverity

SYMPTOMS_MISSING = "symptoms_missing"
"""Note: the diagnostic algorithm took a missing answer as no symptom."""


def level_of(ready: Prepared, answers: Sequence[Answer], missing: int) -> str:
    """The level of risk. The gravest is sure whatever is missing; no other one is."""
    gravest, tests = ready.levels[0]
    if _holds_one(tests, answers):
        return gravest
    if missing:
        return ready.undetermined
    return next(level for level, tests in ready.levels if not tests or _holds_one(tests, answers))


def _holds_one(tests: Sequence[Test], answers: Sequence[Answer]) -> bool:
    return any(answers[place] in values for place, values in tests)


def syndrome_of(rule: SyndromeTable, answers: Sequence[Answer]) -> tuple[str | None, bool]:
    """What the diagnostic algorithm finds, and whether a missing answer counted as no symptom."""
    missing = None in rule.pick(answers)
    if missing and rule.open_when_missing:
        return None, False
    symptoms = [*map(contains, rule.symptoms, answers)]
    for outcome, at_least in rule.outcomes:
        for pick, count in at_least:
            if sum(pick(symptoms)) < count:
                break
        else:
            return outcome, missing
    return rule.otherwise, missing


def notes_of(ready: Prepared, answers: Sequence[Answer], guessed: bool) -> tuple[str, ...]:
    """Words for whoever reads the result."""
    notes = [note for note, tests in ready.notes if holds(tests, answers)]
    if guessed:
        notes.append(SYMPTOMS_MISSING)
    return tuple(notes)


def alerts_of(
    ready: Prepared, answers: Sequence[Answer], level: str | None
) -> tuple[tuple[RiskKind, RiskSeverity], ...]:
    """What a clinician has to see at once; of one kind the first that holds."""
    told: dict[RiskKind, RiskSeverity] = {}
    for test, of_level, kind, severity in ready.alerts:
        if of_level == level if test is None else answers[test[0]] in test[1]:
            told.setdefault(kind, severity)
    return tuple(told.items())
