"""What requests and answers about levels of care look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field, StrictInt

from shared.contracts.base import Criterion, PolicyReference
from shared.web import Instant, Shown, Strict


class NewDetermination(Strict):
    """A clinician's ratings."""

    edition: Literal["3", "4"] = Field(
        description="Edition of the dimensions: the same number means another thing in the other.",
        examples=["3"],
    )
    ratings: dict[str, StrictInt] = Field(
        max_length=20,
        description="Every dimension of the edition, by number.",
        examples=[{"1": 0, "2": 0, "3": 1, "4": 2, "5": 2, "6": 1}],
    )


class Determination(Shown):
    """A decision on the level of care, and why."""

    id: UUID
    client_id: UUID
    site_id: UUID
    screening_id: UUID = Field(description="The latest intake screening it rests on.")
    edition: str = Field(examples=["3"])
    ratings: dict[str, int]
    status: Literal["determined", "needs_evaluation"] = Field(examples=["determined"])
    recommended_level: str | None = Field(examples=["2.1"])
    dual_diagnosis: bool = Field(description="Needs a program for co-occurring disorders.")
    criteria: list[Criterion] = Field(description="What was asked for and found, one by one.")
    policy: PolicyReference
    determined_at: Instant
