"""What scheduling tells: the directory, seats and who waits for one, sessions, who came, and hours.

Longer than other files, as a subscriber looks for all events of a service in one place.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import ClientEvent, Criterion, Event
from shared.contracts.intake import Token

Track = Literal["general", "dual_diagnosis"]
SessionKind = Literal["group", "individual", "psychoeducation", "life_skills", "family"]
NotHeldReason = Literal[
    "closure", "weather", "staff_absent", "room", "emergency", "too_few", "other"
]

Modality = Literal["in_person", "telehealth"]


Subdivision = Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$", examples=["US-CO"])]
ClosedDayKind = Literal["holiday", "observed_holiday", "closure"]
StaffGender = Literal["woman", "man", "non_binary"]
StaffTraining = Literal["dual_diagnosis", "trauma"]
Language = Annotated[
    str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, examples=["es"])
]


class SiteEvent(Event):
    """An event about a site. Keyed by the site, as no client is concerned."""

    stream: ClassVar[str] = "scheduling"

    site_id: UUID

    @property
    def key(self) -> str:
        return str(self.site_id)


class SiteEntry(SiteEvent):
    """What the directory says of a site."""

    time_zone: str = Field(description="IANA zone of the site.", examples=["America/Denver"])
    opened_at: datetime
    region_id: UUID | None = Field(default=None, description="The region it belongs to.")
    subdivision: Subdivision | None = Field(default=None, description="ISO 3166-2.")
    latitude: float | None = Field(default=None, ge=-90, le=90, description="Degrees of WGS 84.")
    longitude: float | None = Field(default=None, ge=-180, le=180, description="Of WGS 84.")


class SiteOpened(SiteEntry):
    """A site was entered in the directory. Keyed by the site, as no client is concerned."""

    version: ClassVar[str] = "1.1"


class SiteChanged(SiteEntry):
    """What the directory says of a site is this now; it takes the place of all that was said."""

    changed_at: datetime


class ClosedDay(BaseModel):
    """A day by the site's calendar, and whether it is a holiday, the day on which one that falls on
    a weekend is observed, or a closure of the site's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    day: date
    kind: ClosedDayKind


class ClosedDaysChanged(SiteEvent):
    """A site is closed on days, or opens on a day on which it was to be closed."""

    closed: list[ClosedDay] = Field(description="Days on which it is closed from now on.")
    reopened: list[date] = Field(description="Days on which it is closed no more.")
    changed_at: datetime


class RoomChanged(SiteEvent):
    """A room of a site was opened, changed or closed. A closed one takes no new session."""

    room_id: UUID
    kind: Literal["room", "telehealth"]
    capacity: int = Field(ge=1, description="People who have a place in it.", examples=[12])
    closed_at: datetime | None
    changed_at: datetime


class CohortChanged(SiteEvent):
    """A cohort of a site was opened or changed: it has so many seats from now on."""

    cohort_id: UUID
    capacity: int = Field(ge=1, description="Seats.", examples=[10])
    changed_at: datetime


class StaffCredential(BaseModel):
    """What a person of the staff may do, and until when."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    credential: Token = Field(examples=["lac"])
    expires_on: date | None = Field(description="Its last day; null where it does not expire.")


class StaffChanged(Event):
    """A person of the staff was entered, changed or has left: what they may do, and where.

    Keyed by the person, known by a pseudonymous id only. It takes the place of all that was said.
    """

    stream: ClassVar[str] = "scheduling"

    staff_id: UUID = Field(description="Pseudonymous id of the person; the key of the event.")
    home_site_id: UUID
    site_ids: list[UUID] = Field(description="Where the person works, the home site among them.")
    credentials: list[StaffCredential]
    trainings: list[StaffTraining]
    languages: list[Language] = Field(description="BCP 47.")
    staff_gender: StaffGender | None = Field(description="For groups that need it; may be unsaid.")
    caseload_limit: int | None = Field(description="Most clients at a time; null: no limit.")
    left_at: datetime | None
    changed_at: datetime

    @property
    def key(self) -> str:
        return str(self.staff_id)


class StaffCredentialExpiring(Event):
    """A credential of a person expires soon: who needs it cannot hold sessions after that day.

    Keyed by the person. Told once of each day of expiry; a renewal is told by StaffChanged.
    """

    stream: ClassVar[str] = "scheduling"

    staff_id: UUID = Field(description="Pseudonymous id of the person; the key of the event.")
    home_site_id: UUID
    site_ids: list[UUID] = Field(description="Where the person works, the home site among them.")
    credential: Token = Field(examples=["lac"])
    expires_on: date = Field(description="Its last day.")
    noticed_at: datetime

    @property
    def key(self) -> str:
        return str(self.staff_id)


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
    cofacilitator_ids: list[UUID] = Field(
        default_factory=list,  # a default would be copied for each event that is read
        description="Who helps; since 1.3.",
        json_schema_extra={"default": []},
    )


class PrimaryTherapistChanged(SchedulingEvent):
    """Another person of the staff is answerable for a client's treatment, or nobody for now."""

    enrolment_id: UUID
    placement_id: UUID
    therapist_id: UUID | None
    changed_at: datetime


class SessionCancelled(StayOver):
    """A client is no longer expected at a session."""

    version: ClassVar[str] = "1.2"

    session_id: UUID
    cohort_id: UUID
    cancelled_at: datetime
    phase: int | None = Field(
        default=None,
        description="The stay goes on: the client went to this phase of the cohort, to which the "
        "session does not belong, and `ended_as` is null; since 1.2.",
    )


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


class SeatOfferEvent(SchedulingEvent):
    """An event about a seat that is held for a client who waits."""

    enrolment_id: UUID
    offer_id: UUID
    cohort_id: UUID


class SeatOffered(SeatOfferEvent):
    """A seat is held for a client who waits, until it is answered or the time is over."""

    offered_at: datetime
    expires_at: datetime
    time_zone: str = Field(description="IANA zone of the site.")
    passed_over: int = Field(
        description="How many were before the client in the order and would have fitted."
    )
    jump_reason: Token | None = Field(
        description="Why a person chose somebody who was not the next; null where nobody was "
        "passed over.",
        examples=["court_order"],
    )


class SeatAccepted(SeatOfferEvent):
    """The client takes the seat that was held; ClientPlaced follows."""

    ended_at: datetime


class SeatDeclined(SeatOfferEvent):
    """The client does not take the seat that was held, and goes on waiting."""

    ended_at: datetime


class SeatOfferExpired(SeatOfferEvent):
    """Nobody answered in time; the client goes on waiting."""

    ended_at: datetime


class SeatOfferWithdrawn(SeatOfferEvent):
    """The stay ended while the seat was held."""

    ended_at: datetime


class PhaseBegan(SchedulingEvent):
    """A client went on to the next phase of the cohort, with fewer hours a week."""

    enrolment_id: UUID
    placement_id: UUID
    cohort_id: UUID
    phase: int = Field(ge=1, description="From 1 on, in the order of the cohort's phases.")
    began_at: datetime


class PartnerSeatEvent(SchedulingEvent):
    """An event about a partner's seat at a higher level of care."""

    hold_id: UUID
    slot_id: UUID = Field(description="The partner's seats; which partner is told to staff only.")
    level: Token = Field(examples=["2.5"])


class PartnerSeatHeld(PartnerSeatEvent):
    """A partner's seat is held for a client who needs a higher level."""

    held_at: datetime
    expires_at: datetime


class PartnerSeatReleased(PartnerSeatEvent):
    """A partner's seat is held no more."""

    outcome: Literal["taken", "given_up", "expired"]
    released_at: datetime


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


class WeeklyHoursEvent(SchedulingEvent):
    """What became known of a client's week; the latest one of a week is what holds of it."""

    enrolment_id: UUID
    placement_id: UUID
    week: str = Field(
        pattern=r"^\d{4}-W\d{2}$", description="ISO week at the site.", examples=["2026-W10"]
    )
    time_zone: str = Field(description="IANA zone of the site.")
    planned_minutes: int = Field(description="Less breaks; what is missed included.")
    credited_minutes: int
    forecast_minutes: int = Field(
        description="Credited, and planned where nothing is recorded yet."
    )
    minimum_minutes: int = Field(description="What the week is judged by.")
    credited_days: int = Field(description="Treatment days.")
    minimum_days: int


class WeeklyHoursAtRisk(WeeklyHoursEvent):
    """By what is credited and still planned a client's week comes to less than it has to."""

    missing_minutes: int
    missing_days: int
    noticed_at: datetime


class WeeklyHoursShort(WeeklyHoursEvent):
    """A week is over and settled, and less was credited than it asks for."""

    missing_minutes: int
    missing_days: int
    settled_at: datetime


class WeeklyHoursShortageLifted(WeeklyHoursEvent):
    """What was last told of a week, at risk or short, is not so, or no longer."""

    reason: Literal["enough", "not_judged"] = Field(
        description="Enough is planned or credited now, or the week is judged by nothing, such as "
        "one on hold."
    )
    lifted_at: datetime


class RecertificationDue(SchedulingEvent):
    """The need for the program has to be certified again by a day that comes near."""

    enrolment_id: UUID
    certified_on: date = Field(description="Of the last certification, else of the enrolment.")
    due_on: date
    noticed_at: datetime


EVENTS = (
    SiteOpened,
    SiteChanged,
    ClosedDaysChanged,
    RoomChanged,
    CohortChanged,
    StaffChanged,
    StaffCredentialExpiring,
    ClientPlaced,
    PlacementProposed,
    ClientWaitlisted,
    PlacementEnded,
    SessionScheduled,
    SessionCancelled,
    SessionNotHeld,
    SessionAttended,
    SessionMissed,
    SeatOffered,
    SeatAccepted,
    SeatDeclined,
    SeatOfferExpired,
    SeatOfferWithdrawn,
    PhaseBegan,
    PartnerSeatHeld,
    PartnerSeatReleased,
    PrimaryTherapistChanged,
    AttendanceCorrected,
    WeeklyHoursAtRisk,
    WeeklyHoursShort,
    WeeklyHoursShortageLifted,
    RecertificationDue,
)
