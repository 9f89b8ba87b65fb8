"""What is asked and answered; none of it is kept."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from services.intake.self_check.policy.guidance import Outcome, Question, Screen
from services.intake.self_check.policy.words import words
from services.intake.self_check.rules import Finding
from shared.web import Shown, Strict

Upto4 = Annotated[int, Field(strict=True, ge=0, le=4)]
Upto3 = Annotated[int, Field(strict=True, ge=0, le=3)]
Upto1 = Annotated[int, Field(strict=True, ge=0, le=1)]


def _known(language: str) -> str:
    if language not in words():
        raise ValueError(f"The self-check speaks {', '.join(sorted(words()))}.")
    return language


def _one_of_ours(schema: dict[str, Any]) -> None:
    schema["enum"] = sorted(words())


Language = Annotated[str, AfterValidator(_known), Field(json_schema_extra=_one_of_ours)]
"""One of the languages that there are words in."""
YesNo = Annotated[bool, Field(strict=True)]


class SafetyAnswers(Strict):
    """Answers about safety, in our own words; null or left out where there is none."""

    thoughts: YesNo | None = Field(
        None,
        description="Thoughts of being better off dead or of hurting oneself, in two weeks.",
        examples=[False],
    )
    plan: YesNo | None = Field(
        None, description="A plan to hurt oneself, or an attempt just now.", examples=[False]
    )
    severe_withdrawal: YesNo | None = Field(
        None, description="Signs of severe withdrawal now, such as a seizure.", examples=[False]
    )
    sick_without: YesNo | None = Field(
        None, description="Shaky, sweaty or sick after hours without.", examples=[False]
    )
    overdose: YesNo | None = Field(None, description="An overdose in 30 days.", examples=[False])
    pregnant: YesNo | None = Field(None, description="Pregnant, or perhaps.", examples=[False])
    unsafe_home: YesNo | None = Field(None, description="Not safe at home.", examples=[False])


class SelfCheck(Strict):
    """Answers of somebody who stays unknown. Everything can be left out.

    Items are in the instruments' order with the instruments' values, each null where it was not
    answered.
    """

    language: Language = Field("en", description="Of the guidance.", examples=["en"])
    safety: SafetyAnswers = Field(SafetyAnswers(), description="Safety comes first.")
    audit_c: Annotated[list[Upto4 | None], Field(min_length=3, max_length=3)] = Field(
        [None] * 3, description="AUDIT-C-style answers, 0 to 4.", examples=[[3, 2, 1]]
    )
    dast_10: Annotated[list[Upto1 | None], Field(min_length=10, max_length=10)] = Field(
        [None] * 10,
        description="DAST-10-style answers, 0 for no and 1 for yes; the third asks whether one can "
        "stop, where no scores.",
        examples=[[1, 0, 0, 0, 1, 1, 0, 0, 0, 0]],
    )
    phq_2: Annotated[list[Upto3 | None], Field(min_length=2, max_length=2)] = Field(
        [None] * 2, description="PHQ-2 answers, 0 to 3.", examples=[[1, 0]]
    )
    gad_2: Annotated[list[Upto3 | None], Field(min_length=2, max_length=2)] = Field(
        [None] * 2, description="GAD-2 answers, 0 to 3.", examples=[[1, 1]]
    )


class Help(Shown):
    """Words that come before everything else."""

    answer: Question | Literal["left_out"] = Field(
        description="The answer that calls for them, or that one was left out.",
        examples=["thoughts"],
    )
    text: str = Field(description="Names 988, 911 or both.", examples=["Call or text 988 now."])


class Basis(Shown):
    """What one screen says; a screen is not a diagnosis."""

    screen: Screen
    finding: Finding
    text: str = Field(examples=["Mood (PHQ-2): negative screen"])
    note: str | None = Field(description="Where answers contradict each other.", examples=[None])


class ComparableToResidential(Shown):
    """The comparison with residential treatment; never without its condition."""

    statement: str = Field(examples=["Results were comparable to residential treatment"])
    condition: str = Field(examples=["for people with minimal risk of acute withdrawal …"])
    source: str = Field(examples=["SAMHSA Advisory 2021"])


class Reach(Shown):
    """A way to reach somebody."""

    text: str = Field(examples=["Call or text 988"])
    link: str = Field(examples=["tel:988"])


class SelfCheckGuidance(Shown):
    """Guidance, in the order in which it is to be shown."""

    help_first: list[Help] = Field(
        description="Shown before everything else, and never left out; empty when no safety answer "
        "calls for it."
    )
    crisis_lines: list[Reach] = Field(description="Always there.")
    outcome: Outcome
    headline: str = Field(examples=["An assessment may be right for you"])
    next_step: str = Field(examples=["Call us and ask for an assessment."])
    clinic: list[Reach]
    based_on: list[Basis] = Field(description="Empty in an emergency, in which nothing may delay.")
    comparable_to_residential: ComparableToResidential | None
    limits: str = Field(
        description="No diagnosis, and no decision about a place.",
        examples=["A positive screen is not a diagnosis."],
    )
    language: str = Field(examples=["en"])
    policy_id: str = Field(examples=["self-check"])
    policy_version: str = Field(examples=["1"])
    source: str = Field(examples=["Cut points as in the instruments' data"])
