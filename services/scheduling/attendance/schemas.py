"""What requests and answers about attendance look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.attendance.rules import Report, Status
from services.scheduling.sessions.schemas import Bound
from shared.contracts.scheduling import NotHeldReason
from shared.web import FromJson, Instant, Shown, Strict, described

PARTIAL = "Only with status partial."
STATUS = described("What became of the client's seat.", "present")


class Noted(Strict):
    """What was noted about one client."""

    status: Status = STATUS
    checked_in_at: Instant | None = described(PARTIAL, "2026-03-03T00:45:00Z", default=None)
    checked_out_at: Instant | None = described(PARTIAL, "2026-03-03T03:30:00Z", default=None)
    makes_up: UUID | None = described(
        "The recorded miss that this attendance makes up, of the same ISO week unless "
        "the policy allows more; only for who came. Its hours count where it is held.",
        default=None,
    )

    @property
    def report(self) -> Report:
        """It as the rules take it."""
        return Report(self.status, self.checked_in_at, self.checked_out_at, self.makes_up)


class NewAttendance(Noted):
    """One client's attendance to record."""

    client_id: UUID = described("Pseudonymous id of the client.")


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
    attended_minutes: int = described("Credited minutes, less breaks.", 165)
    scheduled_minutes: int = described("Length of the session less breaks.")
    minutes_late: int = described("Of who came later than the grace allows.", 0, default=0)
    minutes_left_early: int = described("Of who left earlier than the grace allows.", 12, default=0)
    makes_up: UUID | None = described("The miss that it makes up.", default=None)
    made_up_by: UUID | None = described("The attendance that makes up this miss.", default=None)
    recorded_by: str | None = described(
        "Who recorded or corrected it last; null: set by itself, or before that was kept.",
        default=None,
    )
    recorded_at: Instant
    corrected_at: Instant | None
    counted: bool = described(
        "False for a session that is not held, and for a miss while the stay is on "
        "hold: those count nowhere."
    )
    version: int = described("The ETag.", 1)


class Roll(Shown):
    """What was recorded for a group."""

    session_id: UUID
    recorded: list[Attendance]


class NewPass(Strict):
    """Whom a pass is for."""

    client_id: UUID = described("Pseudonymous id of the client.")


class NewCheckIn(NewPass):
    """A client who comes or leaves."""

    at: Instant | None = described("When; without it, now.", default=None)


class CheckIn(Shown):
    """When a client came to a session and left it, and how that became known."""

    session_id: UUID
    client_id: UUID
    site_id: UUID
    checked_in_at: Instant
    checked_in_by: Literal["staff", "kiosk", "telehealth"]
    checked_out_at: Instant | None
    checked_out_by: Literal["staff", "kiosk"] | None


class Pass(Shown):
    """What one client checks in with at one session, shown this once."""

    session_id: UUID
    client_id: UUID
    site_id: UUID
    code: str | None = described("To type at a kiosk; null for telehealth.", "7KQ4WD")
    address: str | None = described(
        "Where the client joins; null for a session on site.", "/telehealth#dB0Ra1…"
    )
    valid_until: Instant = described("The end of the session.")
    version: int = described("Of the session.", 1)


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
    checked_in_at: Instant | None = described("Null where it was recorded before.")


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
    state: Literal["scheduled", "cancelled", "not_held"] = described(
        "Cancelled: this client is not expected any more. Not held: nobody is."
    )
    on_hold: bool = described("The client's stay is on hold when the session begins.")
    check_in: Annotated[CheckIn | None, FromJson] = described(
        "Null who was not checked in.", default=None
    )
    attendance: Attendance | None = described("Null while nothing is recorded.")


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

    starting_from: Bound | None = described(
        "Sessions starting then or later.", default=None, alias="from"
    )
    starting_before: Bound | None = described(
        "Sessions starting earlier.", default=None, alias="until"
    )
    enrolment_id: UUID | None = described(
        "The stay; without it that with a seat now, else the latest.", default=None
    )


class AttendanceSummary(Shown):
    """A client's appointments in one stay by what became of them, and the rates they make."""

    client_id: UUID
    enrolment_id: UUID | None = described(
        "The stay; null where it has no appointment in the time asked for."
    )
    site_ids: list[UUID] = described("Where these appointments are.")
    credited: int = described("Present, or partial with credit.")
    uncredited: int = described("Partial without credit.")
    excused: int
    late_cancelled: int
    no_show: int
    withdrawn: int = described("Cancelled after the client had left the program.")
    not_held: int = described("Of sessions that the program did not hold.", 1)
    on_hold: int = described("Not attended while the stay was on hold.", 0)
    unrecorded: int = described("Started, and nothing recorded: not in the rates.")
    attendance_rate: float | None = described(
        "Credited of all that the client could have kept, excused absences included.", 0.8182
    )
    attendance_rate_excused_out: float | None = described("The same without excused absences.", 0.9)
    no_show_rate: float | None = Field(examples=[0.0909])
