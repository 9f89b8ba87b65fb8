"""What a generated region consists of. Values only: nothing here knows a service."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Literal

Status = Literal["present", "partial", "excused_absence", "late_cancel", "no_show"]
ABSENT: tuple[Status, ...] = ("excused_absence", "late_cancel", "no_show")

Answers = tuple[int | None, ...]
"""One value an item, in the instrument's order; None = not answered."""


@dataclass(frozen=True)
class RegionSize:
    """How much to generate.

    Attributes:
        clients: people who came to their intake appointment.
        weeks: weeks of the curriculum.
        faults: deliberate faults as a share of `clients`, at least one of each kind when above 0.
        seed: the same size with the same seed is the same region.
    """

    sites: int = 2
    clients: int = 12
    weeks: int = 3
    faults: float = 0.5
    seed: int = 1


class Part(StrEnum):
    """The part that a client plays for certain, whatever the seed."""

    STEPS_DOWN = "steps_down"
    DUAL_DIAGNOSIS = "dual_diagnosis"
    NEEDS_MORE = "needs_more"
    ANYBODY = "anybody"


class Need(StrEnum):
    """What an assessment will find."""

    INTENSIVE_OUTPATIENT = "intensive_outpatient"
    MORE_INTENSIVE = "more_intensive"


@dataclass(frozen=True)
class SitePlan:
    """A clinic. `name` is the same in every run, so that later runs find it again."""

    number: int
    name: str
    time_zone: str


@dataclass(frozen=True)
class CohortPlan:
    """A cohort of a run and its seats."""

    site: int
    name: str
    track: Literal["general", "dual_diagnosis"]
    gender_group: Literal["men", "women"] | None
    capacity: int

    @property
    def trained(self) -> bool:
        return self.track == "dual_diagnosis"


@dataclass(frozen=True)
class Measured:
    """One instrument as it was answered."""

    instrument: str
    answers: Answers


@dataclass(frozen=True)
class SessionPlan:
    """What becomes of one session of the curriculum for one client. `minutes` for partial only."""

    status: Status
    minutes: int | None = None


@dataclass(frozen=True)
class ClientPlan:
    """One client, from referral to the last week."""

    number: int
    label: str
    site: int
    part: Part
    source: str
    given_name: str
    family_name: str | None
    """None for who has one name only."""
    birth_date: date
    gender: str
    sex_at_birth: str
    channel: Literal["email", "log"]
    preferred: Literal["sms"] | None
    email: str | None
    phone: str | None
    need: Need
    dual_diagnosis: bool
    ratings: tuple[int, ...]
    """A counselor's ratings of dimensions 1 to 6 of the third edition."""
    intake: tuple[Measured, ...]
    follow_ups: tuple[tuple[Measured, ...], ...]
    """One entry a week, for its first session; an empty one when nothing was measured."""
    sessions: tuple[SessionPlan, ...]
    """One entry for each session of the curriculum, in order."""


class Fault(StrEnum):
    """A request that has to be refused."""

    IMPOSSIBLE_ANSWER = "an impossible answer to an item"
    MISSING_ANSWER = "an instrument with an answer too few"
    UNKNOWN_VERSION = "an unknown version of an instrument"
    UNKNOWN_FIELD = "a field that nobody knows"
    KEY_REUSED = "an idempotency key used for another request"
    TOO_EARLY = "attendance before the session began"
    NOT_PLACED = "attendance of a client who has no seat there"
    ENROLLED_TWICE = "a second enrolment of an active client"
    ANOTHER_LEVEL = "enrolment of a client who needs another level"


@dataclass(frozen=True)
class FaultPlan:
    """One faulty request about one client."""

    kind: Fault
    client: int
    """Number of the client."""


@dataclass(frozen=True)
class Region:
    """Everything that a run sends."""

    size: RegionSize
    run: int
    sites: tuple[SitePlan, ...]
    cohorts: tuple[CohortPlan, ...]
    slots: tuple[dict[str, Any], ...]
    """The curriculum's weekly slots, as scheduling takes them."""
    clients: tuple[ClientPlan, ...]
    faults: tuple[FaultPlan, ...]

    def playing(self, part: Part) -> tuple[ClientPlan, ...]:
        """The clients who play a part."""
        return tuple(client for client in self.clients if client.part is part)
