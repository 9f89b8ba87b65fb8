"""Who may join which cohort, and how free seats go to those who wait: two files."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.intake import PriorityPopulation, Token
from shared.contracts.scheduling import Track
from shared.datafiles import DataFile, Part, data_file
from shared.weekly import Clock

OfGroup = Literal["track", "gender_group", "age_band", "language"]
OfNeeds = Literal["court_mandated", "trauma_informed", "modality"]
OfTimes = Literal["evening", "availability", "travel", "weekly_hours"]
OfSeats = Literal["enrolment", "no_contact", "free_seat"]
Rule = Literal[OfGroup, OfNeeds, OfTimes, OfSeats]
"""What a cohort has to be for a client; each is a criterion of that name."""


class Sourced(Part):
    """A part that names its source."""

    source: str


class TrackPolicy(Sourced):
    """Which tracks a client may join."""

    for_dual_diagnosis: tuple[Track, ...]
    for_others: tuple[Track, ...]


class PriorityPolicy(Sourced):
    """Who goes first where clients wait."""

    order: tuple[PriorityPopulation, ...]


class SeatPolicy(Sourced):
    """How many clients a group may have at most, whatever its capacity says."""

    hard_cap: int = Field(gt=0)


class EligibilityPolicy(Sourced):
    """From when on by the wall clock it is evening."""

    evening_from: Clock


class AvailabilityPolicy(Sourced):
    """How much of a cohort's week a client must be able to come to."""

    least_share: float = Field(ge=0, le=1)


class ReachPolicy(Sourced):
    """Which cohorts beside those of the client's site are considered."""

    travel_minutes: int = Field(ge=0)
    telehealth_of_region: bool

    @property
    def beyond_site(self) -> bool:
        return self.travel_minutes > 0 or self.telehealth_of_region


class ScorePolicy(Sourced):
    """Points against a cohort that a client could join; the one with the least is chosen."""

    day_until_start: float = Field(ge=0)
    days_if_unplanned: int = Field(ge=0)
    hour_outside: float = Field(ge=0)
    minute_of_travel: float = Field(ge=0)
    known_therapist: float = Field(ge=0)
    wished_group: float = Field(ge=0)


class ConfirmationPolicy(Sourced):
    """Who confirms placements, and which rules a person may set aside for which reasons."""

    by: Literal["policy", "person"]
    hours: int = Field(ge=1, le=24 * 60)
    override_reasons: tuple[Token, ...]
    overridable: tuple[Rule, ...]


class PlacementPolicy(Part):
    """Everything that decides who may join which cohort."""

    id: str
    version: str
    tracks: TrackPolicy
    gender_groups: Sourced
    seats: SeatPolicy
    priority: PriorityPolicy
    eligibility: EligibilityPolicy
    no_contact: Sourced
    hours: Sourced
    availability: AvailabilityPolicy
    reach: ReachPolicy
    score: ScorePolicy
    confirmation: ConfirmationPolicy

    @property
    def name(self) -> str:
        """Which one it is, for explanations."""
        return f"{self.id} policy, version {self.version}"


placement_policy = data_file(PlacementPolicy, __name__, "placement", by_site=True)
"""The policy in force, everywhere or at a site."""


Finding = Literal["risk_high", "risk_moderate", "level_above"]
"""A risk flag of that severity; a signed level of care that is below the recommended one."""


class OfferPolicy(Part):
    """For how many hours seats are held, where the site is closed then until minutes after it opens
    next; and when who let one pass is asked again."""

    hours: int = Field(ge=1, le=144)
    minutes_after_opening: int = Field(ge=0, le=720)
    again_after_days: int = Field(ge=1, le=90)


class UrgencyPolicy(Sourced):
    """What makes a seat urgent, the most urgent first."""

    order: tuple[Finding, ...]
    within_days: int = Field(ge=1)
    levels_above: tuple[str, ...]


class WaitingPolicy(DataFile):
    """Everything that decides how those who wait get seats."""

    seats: Literal["at_once", "offered", "by_hand"]
    offer: OfferPolicy
    urgency: UrgencyPolicy
    jump_reasons: Annotated[tuple[Token, ...], Field(min_length=1)]
    decline_reasons: tuple[Token, ...]
    page_address: str = Field(pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]+)?)?/[A-Za-z0-9/_-]*$")


waiting_policy = data_file(WaitingPolicy, __name__, "waiting", by_site=True)
"""The policy in force, everywhere or at a site."""
