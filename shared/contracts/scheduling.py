"""What scheduling tells: sites, seats in cohorts, sessions, and who came."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import ClientEvent, Criterion, Event
from shared.contracts.intake import Token

Track = Literal["general", "dual_diagnosis"]
SessionKind = Literal["group", "individual", "psychoeducation", "life_skills", "family"]
NotHeldReason = Literal[
    "closure", "weather", "staff_absent", "room", "emergency", "too_few", "other"
]


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

    A later one for the session moves it: `starts_at` and `ends_at` replace the former ones.
    """

    version: ClassVar[str] = "1.2"

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

    status: Literal["present", "partial"]
    attended_minutes: int = Field(description="Credited minutes: breaks are not counted.")


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


EVENTS = (
    SiteOpened,
    ClientPlaced,
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
)
