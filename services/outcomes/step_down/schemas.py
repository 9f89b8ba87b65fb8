"""What requests and answers about step-downs look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from services.outcomes.engagement.schemas import Engagement
from services.outcomes.scores.schemas import Score
from shared.contracts.base import Criterion, PolicyReference
from shared.web import Instant, Shown, Strict

State = Literal["open", "accepted", "declined", "lapsed"]
Reason = Literal[
    "agrees_with_recommendation",
    "client_preference",
    "clinical_judgement",
    "needs_unmet_elsewhere",
    "payer_or_legal",
]


class NewDecision(Strict):
    """What a clinician decides."""

    decision: Literal["accept", "decline"] = Field(
        description="Step down, or stay.", examples=["accept"]
    )
    reason: Reason = Field(
        description="Why. Only who accepts agrees with the recommendation.",
        examples=["agrees_with_recommendation"],
    )

    @field_validator("reason")
    @classmethod
    def fits_the_decision(cls, reason: Reason, given: ValidationInfo) -> Reason:
        agrees = reason == "agrees_with_recommendation"
        if agrees and given.data.get("decision") == "decline":
            raise ValueError("Who declines does not agree with the recommendation.")
        return reason


class Recommendation(Shown):
    """A recommendation to step down, and what was decided."""

    id: UUID
    client_id: UUID
    site_id: UUID
    enrolment_id: UUID
    from_level: str = Field(examples=["2.1"])
    to_level: str = Field(examples=["1.5"])
    criteria: list[Criterion] = Field(description="The explanation, criterion by criterion.")
    policy: PolicyReference
    state: State = Field(
        description="`lapsed`: the stay ended before anybody decided.", examples=["open"]
    )
    recommended_at: Instant
    reason: Reason | None = None
    decided_at: Instant | None = None
    lapsed_at: Instant | None = Field(
        default=None,
        description="When the stay ended that it was for; of an accepted one: it ended otherwise "
        "before the decision reached it, so that nobody was stepped down.",
    )
    version: int = Field(description="The ETag.", examples=[1])


class Progress(Shown):
    """How a client is doing, and what is still missing for a step-down."""

    client_id: UUID
    site_id: UUID
    enrolment_id: UUID
    level_of_care: str = Field(examples=["2.1"])
    enrolled_at: Instant
    ended_at: Instant | None
    engagement: Engagement | None
    scores: list[Score]
    policy: PolicyReference | None = Field(description="Null when no policy is for this level.")
    criteria: list[Criterion] = Field(description="As of now.")
    recommended: bool = Field(description="Whether all criteria are met now.")
