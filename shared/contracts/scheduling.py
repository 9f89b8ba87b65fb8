"""What scheduling tells: sites, seats in cohorts, sessions, and who came."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import ClientEvent, Criterion, Event

Track = Literal["general", "dual_diagnosis"]
SessionKind = Literal["group", "individual", "psychoeducation", "life_skills", "family"]
NotHeldReason = Literal[
    "closure", "weather", "staff_absent", "room", "emergency", "too_few", "other"
]

Modality = Literal["in_person", "telehealth"]


class SiteOpened(Event):
    """A site was entered in the directory. Keyed by the site, as no client is concerned."""

    stream: ClassVar[str] = "scheduling"

    site_id: UUID
    time_zone: str = Field(description="IANA zone of the site.", examples=["America/Denver"])
    opened_at: datetime

    @property
    def key(self) -> str:
        return str(self.site_id)


class SchedulingEvent(ClientEvent):
    """An event about one client on the scheduling stream."""

    stream: ClassVar[str] = "scheduling"


class ClientPlaced(SchedulingEvent):
    """An enrolled client got a seat in a cohort that fits."""

    enrolment_id: UUID
    placement_id: UUID
    cohort_id: UUID
    track: Track
    criteria: list[Criterion] = Field(description="Why this cohort was chosen.")
    placed_at: datetime


class ClientWaitlisted(SchedulingEvent):
    """No cohort of the site that fits has a free seat."""

    enrolment_id: UUID
    criteria: list[Criterion] = Field(description="Why no cohort could be chosen.")
    waitlisted_at: datetime


class PlacementProposed(SchedulingEvent):
    """A seat is kept for an enrolled client until a person confirms the placement, or another one.

    ClientPlaced follows when it is confirmed; after `expires_at` the seat is free again. A later
    one for the stay replaces it.
    """

    enrolment_id: UUID
    placement_id: UUID = Field(description="The placement's own id once it is confirmed.")
    cohort_id: UUID
    criteria: list[Criterion] = Field(description="Why this cohort is proposed.")
    proposed_at: datetime
    expires_at: datetime = Field(description="The seat is kept until then.")


EndedAs = Literal[
    "stepped_down",
    "stepped_up",
    "completed",
    "left_against_advice",
    "transferred",
    "lost",
    "died",
]


class StayOver(SchedulingEvent):
    """What follows from the end of a stay in the program."""

    version: ClassVar[str] = "1.1"

    reason: Literal["stepped_down"] = Field(
        description="Always the same, as version 1.0 knew no other end; read `ended_as`."
    )
    ended_as: EndedAs | None = Field(
        default=None,
        description="As what the stay ended; null in events before version 1.1, which knew "
        "step-downs only.",
    )


class PlacementEnded(StayOver):
    """A client left the seat; the seat is free again."""

    placement_id: UUID
    cohort_id: UUID
    ended_at: datetime


STAY = "The stay it belongs to; null in events before version 1.1."


class SessionScheduled(SchedulingEvent):
    """A client is expected at a session. One event a client: no event lists several clients.

    A later one for the session changes it: times, room and staff replace the former ones.
    """

    version: ClassVar[str] = "1.3"

    enrolment_id: UUID | None = Field(default=None, description=STAY)
    session_id: UUID
    cohort_id: UUID
    kind: SessionKind
    starts_at: datetime
    ends_at: datetime
    break_minutes: int
    time_zone: str = Field(description="IANA zone of the site.")
    moved_from: datetime | None = Field(
        default=None,
        description="Where the session began before, when it was moved; since 1.2.",
    )
    modality: Modality | None = Field(default=None, description="Since 1.3.")
    room_id: UUID | None = Field(
        default=None, description="Null while the session has no room; since 1.3."
    )
    facilitator_id: UUID | None = Field(
        default=None, description="Who of the staff holds it; null while nobody does; since 1.3."
    )
    cofacilitator_ids: list[UUID] = Field(default=[], description="Who helps; since 1.3.")


class PrimaryTherapistChanged(SchedulingEvent):
    """Another person of the staff is answerable for a client's treatment, or nobody for now."""

    enrolment_id: UUID
    placement_id: UUID
    therapist_id: UUID | None
    changed_at: datetime


class SessionCancelled(StayOver):
    """A client is no longer expected at a session."""

    session_id: UUID
    cohort_id: UUID
    cancelled_at: datetime


class SessionNotHeld(SchedulingEvent):
    """The program does not hold a session at which the client was expected: it counts nowhere.

    Attendance of it that was told before is taken back by this.
    """

    enrolment_id: UUID
    session_id: UUID
    cohort_id: UUID
    kind: SessionKind
    starts_at: datetime
    time_zone: str = Field(description="IANA zone of the site.")
    reason: NotHeldReason
    not_held_at: datetime = Field(description="When it was decided.")


class AttendanceEvent(SchedulingEvent):
    """What became of one client's seat in a session. A later one for the session corrects."""

    version: ClassVar[str] = "1.1"

    enrolment_id: UUID | None = Field(default=None, description=STAY)
    session_id: UUID
    cohort_id: UUID
    starts_at: datetime
    scheduled_minutes: int = Field(description="Length of the session less its breaks.")
    time_zone: str = Field(description="IANA zone of the site.")
    recorded_at: datetime


class SessionAttended(AttendanceEvent):
    """A client came, for all of the session or a part of it."""

    version: ClassVar[str] = "1.2"

    status: Literal["present", "partial"]
    attended_minutes: int = Field(description="Credited minutes: breaks are not counted.")
    minutes_late: int = Field(default=0, description="Beyond the site's grace; since 1.2.")
    minutes_left_early: int = Field(default=0, description="Beyond the site's grace; since 1.2.")
    makes_up_session_id: UUID | None = Field(
        default=None, description="The missed session that this one makes up; since 1.2."
    )


class SessionMissed(AttendanceEvent):
    """A client did not come."""

    status: Literal["excused_absence", "late_cancel", "no_show"]
    excused: bool
    on_hold: bool = Field(
        default=False,
        description="The stay was on hold when the session began, so it counts nowhere; since 1.1.",
    )


class AttendanceState(BaseModel):
    """What an attendance said before or after a correction."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["present", "partial", "excused_absence", "late_cancel", "no_show"]
    attended_minutes: int
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    makes_up_session_id: UUID | None


class AttendanceCorrected(SchedulingEvent):
    """What was recorded of one client's seat was corrected. What holds now is told anew after it,
    by SessionAttended or SessionMissed."""

    enrolment_id: UUID
    session_id: UUID
    cohort_id: UUID
    attendance_id: UUID
    starts_at: datetime
    before: AttendanceState
    after: AttendanceState
    corrected_at: datetime


EVENTS = (
    SiteOpened,
    ClientPlaced,
    PlacementProposed,
    ClientWaitlisted,
    PlacementEnded,
    SessionScheduled,
    SessionCancelled,
    SessionNotHeld,
    SessionAttended,
    SessionMissed,
    PrimaryTherapistChanged,
    AttendanceCorrected,
)
