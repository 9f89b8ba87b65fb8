"""What the self-check says: one file a language, each saying everything.

The organization's own files, below `self-check-words`, take the place of ours; a new language is
one more file.
"""

from typing import Self

from pydantic import Field, model_validator

from services.intake.self_check.policy.guidance import (
    ITEMS,
    OUTCOMES,
    QUESTIONS,
    SCREENS,
    Outcome,
    Question,
    Screen,
    policy,
)
from services.intake.self_check.rules import Finding
from shared.datafiles import Part, data_folder

FINDINGS: tuple[Finding, ...] = ("positive", "negative", "open", "unanswered")
CHOICES: dict[Screen, int] = {"audit-c": 5, "dast-10": 0, "phq-2": 4, "gad-2": 4}
"""How many answers a question of a screen has, from 0 points on; none for yes and no."""
CRISIS_LINES = ("988", "911")


class Line(Part):
    """A way to reach somebody."""

    text: str = Field(min_length=1)
    link: str = Field(pattern=r"^(tel|sms):\+?\d+$")


class Lines(Part):
    """Ways to reach somebody, below a title."""

    title: str
    lines: tuple[Line, ...] = Field(min_length=1)


class Section(Part):
    """The title of a group of questions, and what time they are about."""

    title: str
    period: str


class SafetyQuestion(Part):
    """A safety question, and the words that come first when it is answered with yes."""

    question: str
    help: str | None


class ItemQuestion(Part):
    """A question of a screen."""

    text: str
    choices: tuple[str, ...] = ()


class OutcomeWords(Part):
    """How an outcome is told."""

    headline: str
    next_step: str


class Titled(Part):
    """A text with a title."""

    title: str
    text: str


class ComparableWords(Part):
    """The comparison with residential treatment: there is no statement without its condition."""

    statement: str = Field(min_length=1)
    condition: str = Field(min_length=1)


class ErrorWords(Part):
    """How the page says what went wrong."""

    title: str
    nothing: str
    refused: str
    too_many: str
    failed: str


class Words(Part):
    """Everything that is said in one language."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    name: str
    title: str
    intro: tuple[str, ...]
    now: Lines
    clinic: Lines
    leave: str
    other_language: str
    skip_to_questions: str
    send: str
    sending: str
    again: str
    result: str
    skip: str
    yes: str
    no: str
    without_script: str
    errors: ErrorWords
    sections: dict[str, Section]
    safety: dict[Question, SafetyQuestion]
    ask_first: str
    questions: dict[Screen, tuple[ItemQuestion, ...]]
    outcomes: dict[Outcome, OutcomeWords]
    findings: dict[Finding, str]
    contradicts: str
    based_on: str
    limits: Titled
    next_step: str
    comparable: ComparableWords

    @model_validator(mode="after")
    def says_everything(self) -> Self:
        for name, said, needed in (
            ("sections", self.sections.keys(), {"safety", *SCREENS}),
            ("safety", self.safety.keys(), set(QUESTIONS)),
            ("questions", self.questions.keys(), set(SCREENS)),
            ("outcomes", self.outcomes.keys(), set(OUTCOMES)),
            ("findings", self.findings.keys(), set(FINDINGS)),
        ):
            if different := sorted(said ^ needed):
                raise ValueError(f"{name} lacks, or should not have, {different[0]}.")
        for screen, questions in self.questions.items():
            if len(questions) != ITEMS[screen]:
                raise ValueError(f"{screen} has {ITEMS[screen]} questions.")
            if any(len(one.choices) != CHOICES[screen] for one in questions):
                raise ValueError(f"A question of {screen} has {CHOICES[screen]} choices.")
        return self

    @model_validator(mode="after")
    def names_the_crisis_lines(self) -> Self:
        reached = {line.link.partition(":")[2] for line in self.now.lines}
        if missing := [line for line in CRISIS_LINES if line not in reached]:
            raise ValueError(f"now lacks a line to {missing[0]}.")
        for name in policy().speak_first:
            words = self.safety[name].help or ""
            if not any(line in words for line in CRISIS_LINES):
                raise ValueError(f"safety.{name}.help names neither 988 nor 911.")
        if not all(line in self.ask_first for line in CRISIS_LINES):
            raise ValueError("ask_first names 988 and 911.")
        return self


def by_language(found: dict[str, Words]) -> dict[str, Words]:
    """The words of every language."""
    return {one.language: one for one in found.values()}


words = data_folder(Words, __name__, "words", by_language)
"""The words in force."""
