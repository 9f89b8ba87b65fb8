"""What requests and answers about attendance look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.attendance.rules import Report, Status
from services.scheduling.sessions.schemas import Bound
from shared.contracts.scheduling import NotHeldReason
from shared.web import FromJson, Instant, Shown, Strict

STATUS = Field(description="What became of the client's seat.", examples=["present"])


class Noted(Strict):
    """What was noted about one client."""

    status: Status = STATUS
    checked_in_at: Instant | None = Field(
        default=None, description="Only with status partial.", examples=["2026-03-03T00:45:00Z"]
    )
    checked_out_at: Instant | None = Field(
        default=None, description="Only with status partial.", examples=["2026-03-03T03:30:00Z"]
    )

    makes_up: UUID | None = Field(
        default=None,
        description="The recorded miss that this attendance makes up, of the same ISO week unless "
        "the policy allows more; only for who came. Its hours count where it is held.",
    )

    @property
    def report(self) -> Report:
        """It as the rules take it."""
        return Report(self.status, self.checked_in_at, self.checked_out_at, self.makes_up)


class NewAttendance(Noted):
    """One client's attendance to record."""

    client_id: UUID = Field(description="Pseudonymous id of the client.")


class Correction(Noted):
    """What was true after all; it replaces what was recorded."""


class NewRoll(Strict):
    """The attendance of a group, recorded at once."""

    entries: list[NewAttendance] = Field(min_length=1, max_length=100)


class Attendance(Shown):
    """What became of one client's seat in one session."""

    id: UUID
    session_id: UUID
    client_id: UUID
    site_id: UUID
    status: Status = STATUS
    checked_in_at: Instant | None
    checked_out_at: Instant | None
    attended_minutes: int = Field(description="Credited minutes, less breaks.", examples=[165])
    scheduled_minutes: int = Field(description="Length of the session less breaks.")
    minutes_late: int = Field(
        default=0, description="Of who came later than the grace allows.", examples=[0]
    )
    minutes_left_early: int = Field(
        default=0, description="Of who left earlier than the grace allows.", examples=[12]
    )
    makes_up: UUID | None = Field(default=None, description="The miss that it makes up.")
    made_up_by: UUID | None = Field(
        default=None, description="The attendance that makes up this miss."
    )
    recorded_by: str | None = Field(
        default=None,
        description="Who recorded or corrected it last; null: set by itself, or before that was "
        "kept.",
    )
    recorded_at: Instant
    corrected_at: Instant | None
    counted: bool = Field(
        description="False for a session that is not held, and for a miss while the stay is on "
        "hold: those count nowhere."
    )
    version: int = Field(description="The ETag.", examples=[1])


class Roll(Shown):
    """What was recorded for a group."""

    session_id: UUID
    recorded: list[Attendance]


class NewCheckIn(Strict):
    """A client who comes or leaves."""

    client_id: UUID = Field(description="Pseudonymous id of the client.")
    at: Instant | None = Field(default=None, description="When; without it, now.")


class CheckIn(Shown):
    """When a client came to a session and left it, and how that became known."""

    session_id: UUID
    client_id: UUID
    site_id: UUID
    checked_in_at: Instant
    checked_in_by: Literal["staff", "kiosk", "telehealth"]
    checked_out_at: Instant | None
    checked_out_by: Literal["staff", "kiosk"] | None


class NewPass(Strict):
    """Whom a pass is for."""

    client_id: UUID = Field(description="Pseudonymous id of the client.")


class Pass(Shown):
    """What one client checks in with at one session, shown this once."""

    session_id: UUID
    client_id: UUID
    site_id: UUID
    code: str | None = Field(
        description="To type at a kiosk; null for telehealth.", examples=["7KQ4WD"]
    )
    address: str | None = Field(
        description="Where the client joins; null for a session on site.",
        examples=["/telehealth#dB0Ra1…"],
    )
    valid_until: Instant = Field(description="The end of the session.")
    version: int = Field(description="Of the session.", examples=[1])


class Code(Strict):
    """What was typed at a kiosk."""

    code: str = Field(min_length=1, max_length=20, examples=["7KQ4WD"])


class Joined(Shown):
    """Where a session is joined; the client is checked in. Whoever is told has no token, so that it
    names nobody."""

    session_id: UUID
    client_id: UUID = Field(exclude=True)
    site_id: UUID = Field(exclude=True)
    join_url: str
    checked_in_at: Instant | None = Field(description="Null where it was recorded before.")


class AttendanceVersion(Shown):
    """What an attendance said from one instant on."""

    version: int = Field(examples=[1])
    status: Status = STATUS
    checked_in_at: Instant | None
    checked_out_at: Instant | None
    attended_minutes: int
    makes_up: UUID | None
    recorded_by: str | None
    recorded_at: Instant


class AttendanceHistory(Shown):
    """Everything that an attendance said, the latest last."""

    attendance_id: UUID
    client_id: UUID
    site_id: UUID
    versions: list[AttendanceVersion]


class RosterEntry(Shown):
    """One client who is or was expected at a session."""

    client_id: UUID
    state: Literal["scheduled", "cancelled", "not_held"] = Field(
        description="Cancelled: this client is not expected any more. Not held: nobody is."
    )
    on_hold: bool = Field(description="The client's stay is on hold when the session begins.")
    check_in: Annotated[CheckIn | None, FromJson] = Field(
        default=None, description="Null who was not checked in."
    )
    attendance: Attendance | None = Field(description="Null while nothing is recorded.")


class Roster(Shown):
    """Everybody expected at a session: for staff, never for a client's own applications."""

    session_id: UUID
    site_id: UUID
    starts_at: Instant
    not_held_at: Instant | None
    not_held_reason: NotHeldReason | None
    entries: list[RosterEntry]


class AskedSummary(BaseModel):
    """Which appointments of a client are summed up; `starting_from` is included, `starting_before`
    is not."""

    starting_from: Bound | None = Field(
        None, alias="from", description="Sessions starting then or later."
    )
    starting_before: Bound | None = Field(
        None, alias="until", description="Sessions starting earlier."
    )
    enrolment_id: UUID | None = Field(
        None, description="The stay; without it that with a seat now, else the latest."
    )


class AttendanceSummary(Shown):
    """A client's appointments in one stay by what became of them, and the rates they make."""

    client_id: UUID
    enrolment_id: UUID | None = Field(
        description="The stay; null where it has no appointment in the time asked for."
    )
    site_ids: list[UUID] = Field(description="Where these appointments are.")
    credited: int = Field(description="Present, or partial with credit.")
    uncredited: int = Field(description="Partial without credit.")
    excused: int
    late_cancelled: int
    no_show: int
    withdrawn: int = Field(description="Cancelled after the client had left the program.")
    not_held: int = Field(description="Of sessions that the program did not hold.", examples=[1])
    on_hold: int = Field(description="Not attended while the stay was on hold.", examples=[0])
    unrecorded: int = Field(description="Started, and nothing recorded: not in the rates.")
    attendance_rate: float | None = Field(
        description="Credited of all that the client could have kept, excused absences included.",
        examples=[0.8182],
    )
    attendance_rate_excused_out: float | None = Field(
        description="The same without excused absences.", examples=[0.9]
    )
    no_show_rate: float | None = Field(examples=[0.0909])
