"""What requests and answers about attendance look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.attendance.rules import Report, Status
from shared.contracts.scheduling import NotHeldReason
from shared.web import Instant, Shown, Strict

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

    @property
    def report(self) -> Report:
        """It as the rules take it."""
        return Report(self.status, self.checked_in_at, self.checked_out_at)


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


class RosterEntry(Shown):
    """One client who is or was expected at a session."""

    client_id: UUID
    state: Literal["scheduled", "cancelled", "not_held"] = Field(
        description="Cancelled: this client is not expected any more. Not held: nobody is."
    )
    on_hold: bool = Field(description="The client's stay is on hold when the session begins.")
    attendance: Attendance | None = Field(description="Null while nothing is recorded.")


class Roster(Shown):
    """Everybody expected at a session: for staff, never for a client's own applications."""

    session_id: UUID
    site_id: UUID
    starts_at: Instant
    not_held_at: Instant | None
    not_held_reason: NotHeldReason | None
    entries: list[RosterEntry]


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
