"""What answers say beside a sum: levels of risk, symptoms, notes and alerts."""

from services.intake.screening.policy import Instrument
from services.intake.screening.policy.parts import Levels, Syndrome
from services.intake.screening.rules.answers import ByNumber
from shared.contracts.intake import RiskKind, RiskSeverity

SYMPTOMS_MISSING = "symptoms_missing"
"""Note: the diagnostic algorithm took a missing answer as no symptom."""


def level_of(levels: Levels, answers: ByNumber) -> str:
    """The level of risk. The gravest is sure whatever is missing; no other one is."""
    gravest, *others = levels.order
    if any(condition.holds(answers) for condition in gravest.any_of):
        return gravest.level
    if None in answers.values():
        return levels.undetermined
    return next(
        other.level
        for other in others
        if not other.any_of or any(condition.holds(answers) for condition in other.any_of)
    )


def syndrome_of(rule: Syndrome, answers: ByNumber) -> tuple[str | None, bool]:
    """What the diagnostic algorithm finds, and whether a missing answer counted as no symptom."""
    counted = [part for outcome in rule.outcomes for part in outcome.at_least]
    missing = any(answers[number] is None for part in counted for number in part.items)
    if missing and rule.missing == "leaves_open":
        return None, False
    special = {exception.item: exception.from_ for exception in rule.exceptions}
    symptoms = {
        number
        for number, answer in answers.items()
        if isinstance(answer, int) and answer >= special.get(number, rule.symptom_from)
    }
    for outcome in rule.outcomes:
        if all(len(symptoms.intersection(p.items)) >= p.count for p in outcome.at_least):
            return outcome.outcome, missing
    return rule.otherwise, missing


def notes_of(instrument: Instrument, answers: ByNumber, guessed: bool) -> tuple[str, ...]:
    """Words for whoever reads the result."""
    notes = [n.note for n in instrument.notes if all(c.holds(answers) for c in n.all_of)]
    return (*notes, SYMPTOMS_MISSING) if guessed else tuple(notes)


def alerts_of(
    instrument: Instrument, answers: ByNumber, level: str | None
) -> tuple[tuple[RiskKind, RiskSeverity], ...]:
    """What a clinician has to see at once; of one kind the first that holds."""
    told: dict[RiskKind, RiskSeverity] = {}
    for alert in instrument.alerts:
        if alert.level == level if alert.when is None else alert.when.holds(answers):
            told.setdefault(alert.kind, alert.severity)
    return tuple(told.items())
