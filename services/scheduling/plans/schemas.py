"""What requests and answers about weekly plans look like."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.scheduling.appointments.rules import Asked
from services.scheduling.plans.policy import Post
from services.scheduling.plans.rules.problem import RuleName, StageName
from services.scheduling.units.schemas import ExcessReason
from shared.calendar import Week
from shared.web import FromJson, Instant, Shown, Strict, described, exactly_one, optional

IsoWeek = Annotated[str, AfterValidator(lambda text: str(Week.parse(text)))]


class NewPlanRun(Strict):
    """A week to plan, of a region or of some sites."""

    region_id: UUID | None = optional("All its sites that you may see.")
    site_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=400)
    week: IsoWeek = described("ISO week by the sites' calendars.", "2026-W10")

    names_sites_in_one_way: ClassVar = exactly_one("region_id", "site_ids")


class Publication(Strict):
    """How a draft is published."""

    excess_reason: ExcessReason = None


class StageShown(Shown):
    """What the plan is worth in one regard; less is better, and an earlier stage outweighs all
    later ones."""

    name: StageName
    objective: int = described("Of the best plan so far.", 758)
    bound: int = described("What no plan is below.", 741)


class PlannedPlace(Shown):
    """A new session of one client."""

    demand_id: UUID
    client_id: UUID
    site_id: UUID
    kind: Literal["individual", "family"]
    starts_at: Instant
    ends_at: Instant
    facilitator_id: UUID
    room_id: UUID


class PlanRun(Shown):
    """A run that plans a week."""

    id: UUID
    region_id: UUID | None
    site_ids: list[UUID]
    week: str = Field(examples=["2026-W10"])
    state: Literal["queued", "running", "drafted", "published", "failed"]
    progress: Annotated[list[StageShown], FromJson]
    seconds: int = described("How long it has been solved, or was.")
    requested_at: Instant
    finished_at: Instant | None
    published_at: Instant | None
    booked: list[PlannedPlace] = described(
        "In the answer to publishing: the new sessions of clients.", default=[]
    )
    version: int = described("The ETag.", 1)


class StaffingShown(Shown):
    """Who and what a session has."""

    facilitator_id: UUID | None
    cofacilitator_id: UUID | None
    room_id: UUID | None


class PlannedSession(StaffingShown):
    """A session of a cohort as planned, and as it is published."""

    session_id: UUID
    site_id: UUID
    starts_at: Instant
    ends_at: Instant
    published: StaffingShown
    changes: list[Post] = described("What is published otherwise, or not at all.")

    @property
    def asked(self) -> Asked:
        """The session as it is to be held; of the modality that it has."""
        helpers = () if self.cofacilitator_id is None else (self.cofacilitator_id,)
        people = self.facilitator_id, helpers
        return Asked(self.starts_at, self.ends_at, None, self.room_id, *people)


class RuleInConflict(Shown):
    """A rule, and of which session, client, person or site."""

    rule: RuleName
    of: UUID | None


class UnplacedShown(Shown):
    """What has no place, and the rules because of which: without any one of them it would have."""

    id: UUID = described("Of the session, or of what would be a session of the client.")
    client_id: UUID | None
    post: Post
    conflict: list[RuleInConflict] = described(
        "Empty: not looked for. `time_ran_out`: not found in the time there was."
    )


class Draft(Shown):
    """A plan that a person may publish."""

    run_id: UUID
    week: str
    proved: bool = described("No plan is better: every stage is at its bound.")
    gap: float = described("Largest of the stages, as a share of its objective.")
    stages: list[StageShown]
    sessions: list[PlannedSession]
    places: list[PlannedPlace]
    unplaced: list[UnplacedShown]
