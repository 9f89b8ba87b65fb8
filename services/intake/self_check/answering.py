"""From answers to guidance in words. Nothing is kept on the way, and no database is asked."""

from services.intake.screening.policy import Instrument, instruments
from services.intake.self_check.policy.guidance import QUESTIONS, SCREENS, Policy, Screen, policy
from services.intake.self_check.policy.words import Lines, Words, words
from services.intake.self_check.rules import Answers, Guidance, guidance
from services.intake.self_check.schemas import (
    Basis,
    ComparableToResidential,
    Help,
    Reach,
    SelfCheck,
    SelfCheckGuidance,
)

VERSION = "1.0"


def answer(given: SelfCheck) -> SelfCheckGuidance:
    """What to tell somebody who answered so."""
    answers = Answers(
        safety={name: getattr(given.safety, name) for name in QUESTIONS},
        items={
            "audit-c": given.audit_c,
            "dast-10": given.dast_10,
            "phq-2": given.phq_2,
            "gad-2": given.gad_2,
        },
    )
    decided = guidance(answers, policy(), screens())
    return in_words(decided, policy(), words()[given.language])


def screens() -> dict[Screen, Instrument]:
    """The instruments that score the four screens."""
    known = instruments()
    return {name: known[name, VERSION] for name in SCREENS}


def in_words(decided: Guidance, by: Policy, said: Words) -> SelfCheckGuidance:
    """Guidance in one language."""
    urgent = decided.outcome == "emergency"
    helps = [Help(answer=one, text=said.safety[one].help or "") for one in decided.speak_first]
    if decided.ask_first:
        helps.append(Help(answer="left_out", text=said.ask_first))
    compared = None
    if decided.comparable:
        compared = ComparableToResidential(**dict(said.comparable), source=by.comparable.source)
    outcome = said.outcomes[decided.outcome]
    return SelfCheckGuidance(
        help_first=helps,
        crisis_lines=_reach(said.now),
        outcome=decided.outcome,
        headline=outcome.headline,
        next_step=outcome.next_step,
        clinic=_reach(said.clinic),
        based_on=[] if urgent else _basis(decided, said),
        comparable_to_residential=compared,
        limits=said.limits.text,
        language=said.language,
        policy_id=by.id,
        policy_version=by.version,
        source=by.source,
    )


def _basis(decided: Guidance, said: Words) -> list[Basis]:
    return [
        Basis(
            screen=name,
            finding=found.finding,
            text=said.findings[found.finding].format(screen=said.sections[name].title),
            note=said.contradicts if found.contradicts else None,
        )
        for name, found in decided.screens.items()
    ]


def _reach(lines: Lines) -> list[Reach]:
    return [Reach(**dict(line)) for line in lines.lines]
