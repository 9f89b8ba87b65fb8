"""What requests and answers about replays of policies look like."""

from datetime import date
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from services.outcomes.step_down.policy import RecommendationPolicy
from shared.contracts.outcomes import Decision, RecommendationKind
from shared.web import Instant, Shown, Strict

EXAMPLE: dict[str, Any] = {
    "id": "level-2.1",
    "version": "3",
    "status": "Draft",
    "from_level": "2.1",
    "pause_days": {"declined": 7, "withdrawn": 7, "accepted": 28},
    "step_down": {
        "to_level": "1.5",
        "rules": [
            {"name": "attends", "figure": "attendance_percent", "at_least": 80, "source": "Draft"}
        ],
    },
}


class NewReplay(Strict):
    """Two versions of a policy to compare over the history."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"former": EXAMPLE, "latter": EXAMPLE, "site_ids": None}]}
    )

    former: RecommendationPolicy
    latter: RecommendationPolicy
    site_ids: list[UUID] | None = Field(
        default=None, min_length=1, max_length=1000, description="Null: all sites of the caller."
    )

    @model_validator(mode="after")
    def are_for_one_level(self) -> Self:
        if self.former.from_level != self.latter.from_level:
            raise ValueError("Both policies have to be for the same level.")
        return self


class ReplaySum(Shown):
    """What two versions come to, of one kind. Counts below 11, and what they could be reckoned
    from, are null for callers who are none of the clinic."""

    kind: RecommendationKind
    former: int | None = Field(description="Stays in which the former version recommends it.")
    latter: int | None
    earlier: int | None = Field(description="Of both: by the latter on an earlier day.")
    later: int | None
    same_day: int | None
    only_former: int | None
    only_latter: int | None
    median_days: int | None = Field(
        description="By which the latter comes later, where both do; negative: earlier."
    )
    decided: int | None = Field(description="Stays in which a clinician decided on one.")
    agreed_former: int | None = Field(
        description="Of these: accepted what it recommends by then, or not what it does not."
    )
    agreed_latter: int | None


class Replay(Shown):
    """A comparison, and how far it is."""

    id: UUID
    state: Literal["running", "done", "failed"] = Field(
        description="Failed: this release does not take one of the versions as a policy."
    )
    total: int = Field(description="Stays at the level.")
    done: int
    requested_at: Instant
    sums: list[ReplaySum]
    version: int


class ReplayedKind(Shown):
    """When two versions recommend something in a stay."""

    kind: RecommendationKind
    former_on: date | None
    latter_on: date | None
    days_later: int | None = Field(description="Of the latter; negative: earlier.")
    decision: Decision | None
    decided_on: date | None


class ReplayedStay(Shown):
    """A stay in which they differ, or somebody decided."""

    id: UUID = Field(description="The enrolment.")
    client_id: UUID
    site_id: UUID
    kinds: list[ReplayedKind]
