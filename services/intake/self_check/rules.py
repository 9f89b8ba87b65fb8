"""What a person's answers suggest, by a policy. Nothing here is a diagnosis or a placement.

A missing answer is never a zero, and silence about safety is never taken for safety.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.intake.screening.policy import Instrument
from services.intake.screening.rules import score, with_skips
from services.intake.self_check.policy.guidance import (
    SCREENS,
    Comparable,
    Condition,
    ItemYes,
    Outcome,
    Points,
    Policy,
    Positive,
    Question,
    SaidYes,
    Screen,
)

Finding = Literal["positive", "negative", "open", "unanswered"]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person answered; None where they did not. Items are in the instrument's order."""

    safety: Mapping[Question, bool | None]
    items: Mapping[Screen, Sequence[int | None]]


@dataclass(frozen=True, slots=True)
class Screened:
    """What the answers to one screen come to."""

    finding: Finding
    points: int
    """Of the answers given, without a point that only contradicts the others."""
    complete: bool
    contradicts: bool
    """It is said that no drug is used, and also that it cannot be stopped."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """What to tell, in the order in which it is told."""

    speak_first: tuple[Question, ...]
    """Answers to which the words about help come before everything else."""
    ask_first: bool
    """Whether a question on whose answer help at once depends was left out."""
    outcome: Outcome
    screens: Mapping[Screen, Screened]
    comparable: bool
    """Whether the comparison with residential treatment may be told, with its condition."""


def guidance(
    answers: Answers, policy: Policy, instruments: Mapping[Screen, Instrument]
) -> Guidance:
    """Hold answers against a policy. `instruments` score the screens of these names."""
    screens = {name: screened(instruments[name], answers.items[name]) for name in SCREENS}
    outcome = _outcome(answers, screens, policy)
    return Guidance(
        speak_first=tuple(one for one in policy.speak_first if answers.safety.get(one)),
        ask_first=any(answers.safety.get(one) is None for one in policy.must_be_asked),
        outcome=outcome,
        screens=screens,
        comparable=outcome in policy.comparable.outcomes
        and is_minimal_risk(answers, screens, policy.comparable),
    )


def screened(instrument: Instrument, items: Sequence[int | None]) -> Screened:
    """Score one screen by its instrument; questions that it lets go are no missing answers."""
    result = score(instrument, with_skips(instrument, items))
    finding: Finding = "open"
    if all(item is None for item in items):
        finding = "unanswered"
    elif result.positive is not None:
        finding = "positive" if result.positive else "negative"
    contradicts = "answers_contradict_each_other" in result.notes
    return Screened(
        finding=finding,
        points=(result.raw or 0) - contradicts,
        complete=result.status == "complete",
        contradicts=contradicts,
    )


def is_minimal_risk(answers: Answers, screens: Mapping[Screen, Screened], rule: Comparable) -> bool:
    """Whether the answers show minimal risk; what is not answered shows nothing.

    Source: SAMHSA Advisory 2021: minimal risk of acute intoxication or withdrawal, of health
    conditions and of psychological symptoms.
    """
    return (
        all(answers.safety.get(one) is False for one in rule.answered_no)
        and all(screens[one].finding == "negative" for one in rule.negative)
        and all(screens[one].complete for one in rule.complete)
        and all(answers.items[one.screen][one.item - 1] == 0 for one in rule.items_no)
        and all(
            screens[one.screen].complete and screens[one.screen].points < one.from_
            for one in rule.below
        )
    )


def holds(condition: Condition, answers: Answers, screens: Mapping[Screen, Screened]) -> bool:
    """Whether a condition of a rule is met; never by a missing answer."""
    match condition:
        case SaidYes():
            return answers.safety.get(condition.said_yes) is True
        case Positive():
            return screens[condition.positive].finding == "positive"
        case Points():
            return screens[condition.screen].points >= condition.from_
        case ItemYes():
            return bool(answers.items[condition.screen][condition.item - 1])


def _outcome(answers: Answers, screens: Mapping[Screen, Screened], policy: Policy) -> Outcome:
    for rule in policy.rules:
        if all(holds(condition, answers, screens) for condition in rule.all):
            return rule.outcome
    silent = any(answers.safety.get(one) is None for one in policy.no_sign_needs_answered)
    clear = all(one.finding == "negative" and one.complete for one in screens.values())
    return "no_sign" if clear and not silent else "not_enough"
