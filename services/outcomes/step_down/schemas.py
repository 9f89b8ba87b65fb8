"""What requests and answers about recommendations look like."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator, model_validator

from services.outcomes.engagement.schemas import Engagement
from services.outcomes.episodes.schemas import OfStay
from services.outcomes.scores.schemas import Score
from shared.contracts.base import PolicyReference
from shared.contracts.intake import Token
from shared.contracts.outcomes import Decision, DecisionReason, RecommendationKind, Verdict
from shared.web import Instant, Shown, Strict

State = Literal["open", "accepted", "declined", "deferred", "lapsed", "withdrawn"]
Reason = DecisionReason
GoalKind = Literal["phase", "clinician"]
GoalState = Literal["open", "met", "dropped"]


class NewDecision(Strict):
    """What a clinician decides."""

    decision: Decision = Field(
        description="Do as recommended, look at it again on a day, or not.", examples=["accept"]
    )
    reason: Reason = Field(
        description="Why. Only who accepts agrees with the recommendation.",
        examples=["agrees_with_recommendation"],
    )
    until: date | None = Field(
        default=None,
        description="The day at the site on which a deferred one is looked at again.",
        examples=[None],
    )

    @field_validator("reason")
    @classmethod
    def fits_the_decision(cls, reason: Reason, given: ValidationInfo) -> Reason:
        agrees = reason == "agrees_with_recommendation"
        if agrees and given.data.get("decision") in ("decline", "defer"):
            raise ValueError("Who declines or defers does not agree with the recommendation.")
        return reason

    @field_validator("until")
    @classmethod
    def is_of_a_deferral(cls, until: date | None, given: ValidationInfo) -> date | None:
        if until is not None and given.data.get("decision") in ("accept", "decline"):
            raise ValueError("Only who defers names a day.")
        return until

    @model_validator(mode="after")
    def a_deferral_names_its_day(self) -> Self:
        if self.decision == "defer" and self.until is None:
            raise ValueError("Name the day until which it is deferred, as `until`.")
        return self


class NewStepDown(Strict):
    """A step-down that a clinician decides on where nothing is recommended."""

    reason: Literal[
        "client_preference", "clinical_judgement", "needs_unmet_elsewhere", "payer_or_legal"
    ] = Field(description="Why.", examples=["clinical_judgement"])


class Recommendation(OfStay):
    """A recommendation, and what was decided."""

    id: UUID
    kind: RecommendationKind = Field(examples=["step_down"])
    from_level: str = Field(examples=["2.1"])
    to_level: str = Field(description="Of an extension the same level.", examples=["1.5"])
    criteria: list[Verdict] = Field(description="The explanation, criterion by criterion.")
    missing: list[str] = Field(
        description="What was missing for a step-down then.", examples=[["phq_9"]]
    )
    policy: PolicyReference
    state: State = Field(
        description="`lapsed`: the stay ended before a decision; `withdrawn`: it held no more.",
        examples=["open"],
    )
    recommended_at: Instant
    reason: Reason | None = None
    decided_at: Instant | None = None
    deferred_until: date | None = None
    lapsed_at: Instant | None = Field(
        default=None,
        description="When the stay ended that it was for; of an accepted one: it ended otherwise "
        "before the decision reached it, so that nobody was stepped down.",
    )
    withdrawn_at: Instant | None = None
    version: int = Field(description="The ETag.", examples=[1])


class NewGoal(Strict):
    """A goal of a client's stay."""

    kind: GoalKind = Field(description="Of the phase of the program, or a clinician's own.")
    goal: Token = Field(
        description="A word for it, never a sentence about the client.",
        examples=["relapse_prevention_plan"],
    )


class GoalOutcome(Strict):
    """What became of a goal."""

    state: Literal["met", "dropped"]


class Goal(OfStay):
    """A goal of a stay."""

    id: UUID
    kind: GoalKind
    goal: str = Field(examples=["relapse_prevention_plan"])
    state: GoalState
    set_by: str
    set_at: Instant
    closed_by: str | None
    closed_at: Instant | None
    version: int = Field(description="The ETag.", examples=[1])


class Outlook(Shown):
    """What one kind of recommendation takes, as of now."""

    kind: RecommendationKind
    to_level: str
    needed: int = Field(description="How many criteria have to be met.", examples=[1])
    met: bool
    criteria: list[Verdict]


class Progress(OfStay):
    """How a client is doing, and what is still missing for a step-down."""

    level_of_care: str = Field(examples=["2.1"])
    enrolled_at: Instant
    ended_at: Instant | None
    engagement: Engagement | None
    scores: list[Score]
    policy: PolicyReference | None = Field(description="Null when no policy is for this level.")
    criteria: list[Verdict] = Field(description="Of a step-down, as of now.")
    recommended: bool = Field(description="Whether a step-down has all that it needs now.")
    missing: list[str] = Field(
        description="What is still missing for a step-down.", examples=[["phq_9", "gad_7"]]
    )
    others: list[Outlook] = Field(description="A step-up and an extension, as of now.")
    goals: list[Goal]
