"""What a choice is made from, and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.scheduling.placement.policy import PlacementPolicy, placement_policy
from services.scheduling.preferences.rules import Client, Meeting
from shared.contracts.base import Criterion
from shared.contracts.intake import AgeBand, GenderGroup, PriorityPopulation
from shared.contracts.scheduling import Track
from shared.literal import Literally

NO_PRIORITY = 1_000
"""Behind every priority population."""
NOTHING_KNOWN = Client()
NOWHERE = UUID(int=0)


def priority_of(populations: Sequence[PriorityPopulation], policy: PlacementPolicy) -> int:
    """The place of a client's most urgent population in the policy's order."""
    order = policy.priority.order
    return min((order.index(p) for p in populations if p in order), default=NO_PRIORITY)


@dataclass(frozen=True, slots=True)
class Need:
    """What matters of a client for the choice of a cohort."""

    dual_diagnosis: bool
    gender_group: GenderGroup | None
    """The gender-specific group the client may join; None for mixed groups only."""


class Eligibility(Literally):
    """Whom a cohort takes beside its track and gender group."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    age_bands: tuple[AgeBand, ...] | None = Field(
        default=None, max_length=4, description="Null for every age.", examples=[["young_adult"]]
    )
    evening: bool = Field(default=False, description="It meets in the evening.")
    telehealth: bool = Field(default=False, description="It meets by telehealth.")
    language: str | None = Field(
        default=None,
        max_length=35,
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="BCP 47; null: everybody is taken, whatever they speak.",
        examples=["es"],
    )
    court_mandated: bool = Field(False, description="Kept for clients whom a court referred.")
    trauma_informed: bool = Field(False, description="Kept for clients who need trauma care.")


EVERYBODY = Eligibility()


@dataclass(slots=True)
class Cohort:
    """A cohort and its taken seats. Not frozen, as it is made by the hundred, and its seats are
    counted while they are given."""

    id: UUID
    track: Track
    gender_group: GenderGroup | None
    capacity: int
    taken: int
    name: str = ""
    site_id: UUID = NOWHERE
    site_name: str = ""
    time_zone: str = "UTC"
    enrolment: Literal["open", "closed"] = "open"
    phase_minutes: int | None = None
    """What its first phase plans a week at least; None for a cohort without phases."""
    began_at: datetime | None = None
    """When the first session of a closed one began."""
    frees_at: datetime | None = None
    """When a seat is known to become free in it while it is full."""
    eligibility: Eligibility = EVERYBODY
    starts_at: datetime | None = None
    """Its next session; None where none is planned."""
    week: tuple[Meeting, ...] = ()
    """The sessions of seven days from then on."""

    @property
    def place(self) -> str:
        """The cohort by its name and that of the site."""
        return f"{self.name} at {self.site_name}"

    @property
    def weekly_minutes(self) -> int:
        return sum([minutes for _, minutes in self.week])

    def seats(self, hard_cap: int) -> int:
        """Seats that it may have."""
        return min(self.capacity, hard_cap)

    def free(self, hard_cap: int) -> int:
        """Seats that may still be given, never below zero."""
        return max(0, self.seats(hard_cap) - self.taken)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a choice takes into account beside the need; by default nothing is known."""

    now: datetime | None = None
    client: Client = NOTHING_KNOWN
    apart: frozenset[UUID] = frozenset()
    """Cohorts with somebody whom the client must not meet."""
    travel: Mapping[UUID, int | None] = field(default_factory=dict)
    """Minutes from the client's site to each other site; None: only its telehealth is in reach."""
    level_minutes: int = 0
    """What the client's level of care asks to be planned a week at least."""
    policy: PlacementPolicy = field(default_factory=placement_policy)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a comparison comes to; cohorts that differ in nothing that is asked share one.
    `criteria` has one line for the track, one for the gender group, one for each other rule that
    says something, and one for the seats."""

    criteria: tuple[Criterion, ...]
    eligible: bool
    words: str
    """For people: what speaks against such a cohort, or how it fits."""
    points: float = 0.0
    """Against an eligible cohort; the least is best."""


@dataclass(slots=True)
class Considered:
    """A cohort compared with a need. Not frozen, as it is made by the hundred."""

    cohort: Cohort
    finding: Finding

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        return self.finding.criteria

    @property
    def eligible(self) -> bool:
        return self.finding.eligible

    @property
    def sentence(self) -> str:
        """Such as `Evening men's group at North: full until 4 Dec`."""
        return f"{self.cohort.place}: {self.finding.words}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The cohort chosen, or None when every one lacks something; and all that were considered."""

    cohort: Cohort | None
    considered: tuple[Considered, ...]
    criteria: tuple[Criterion, ...]
    """Why this cohort; without one, what each cohort lacks. Who must not meet is not told here, as
    events carry it."""
    ranked: tuple[Considered, ...] = ()
    """Those that the client could join, the best first."""
