"""What an attendance status needs, which minutes are credited, and the rates they make."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from shared.calendar import elapsed

Status = Literal["present", "partial", "excused_absence", "late_cancel", "no_show"]
"""What became of a client's seat; the first two are of who came."""

MINUTE = timedelta(minutes=1)
EARLIEST_CHECK_IN = timedelta(hours=12)
"""Earlier than this before a session is taken for a mistake in the date."""


class Unacceptable(ValueError):
    """The instants do not go with the status; `field` is the one to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session that attendance is checked by: aware instants, breaks in minutes, and the least
    minutes for which a part of it is credited."""

    starts_at: datetime
    ends_at: datetime
    break_minutes: int
    min_minutes_for_credit: int

    @property
    def length(self) -> int:
        """Minutes, breaks included."""
        return elapsed(self.starts_at, self.ends_at) // MINUTE

    @property
    def scheduled_minutes(self) -> int:
        """Minutes less breaks."""
        return self.length - self.break_minutes


@dataclass(frozen=True, slots=True)
class Report:
    """What was noted about one client."""

    status: Status
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None

    @property
    def attended(self) -> bool:
        """Whether the client came, for whatever part of the session."""
        return self.status in ("present", "partial")


def is_excused(status: Status) -> bool:
    """Whether a miss is excused. A late cancellation is not: the seat could not be used."""
    return status == "excused_absence"


def require_acceptable(report: Report, meeting: Meeting, now: datetime) -> None:
    """Refuse instants that do not go with the status.

    A partial attendance needs both, in order, not in the future, with some of the session between
    them; no other status has any.

    Raises:
        Unacceptable: naming the field.
    """
    checked_in, checked_out = report.checked_in_at, report.checked_out_at
    if report.status != "partial":
        for field, value in (("checked_in_at", checked_in), ("checked_out_at", checked_out)):
            if value is not None:
                raise Unacceptable(field, f"Leave it out for status {report.status}.")
        return
    if checked_in is None:
        raise Unacceptable("checked_in_at", "Needed for status partial.")
    if checked_out is None:
        raise Unacceptable("checked_out_at", "Needed for status partial.")
    if checked_in >= checked_out:
        raise Unacceptable("checked_out_at", "Must be later than checked_in_at.")
    if checked_out > now:
        raise Unacceptable("checked_out_at", "Lies in the future.")
    if elapsed(checked_in, meeting.starts_at) > EARLIEST_CHECK_IN:
        raise Unacceptable("checked_in_at", "Lies long before the session.")
    if checked_in >= meeting.ends_at:
        raise Unacceptable("checked_in_at", "The session was over by then.")
    if checked_out <= meeting.starts_at:
        raise Unacceptable("checked_out_at", "The session had not started by then.")


def credited_minutes(report: Report, meeting: Meeting) -> int:
    """Whole minutes of treatment credited.

    Present: the session less its breaks. Partial: from check-in to check-out within the session,
    less its share of the breaks (a plan does not say when they are, so that each minute of the
    session bears its part of them), and nothing below the least minutes for credit. Otherwise
    nothing. Source: breaks are not counted, as in 9 CCR 9854 (California, programs for drinking
    drivers), adopted here for every session; a least time for credit is
    set by payers.
    """
    if report.status == "present":
        return meeting.scheduled_minutes
    if report.checked_in_at is None or report.checked_out_at is None:
        return 0
    came = max(report.checked_in_at, meeting.starts_at)
    left = min(report.checked_out_at, meeting.ends_at)
    stayed = max(elapsed(came, left), timedelta())
    minutes = stayed * meeting.scheduled_minutes // (meeting.length * MINUTE)
    return minutes if minutes >= meeting.min_minutes_for_credit else 0


@dataclass(frozen=True, slots=True)
class Tally:
    """Appointments of one client by what became of them; each is counted once."""

    credited: int = 0
    """Present, or partial with credit."""
    uncredited: int = 0
    """Partial without credit."""
    excused: int = 0
    late_cancelled: int = 0
    no_show: int = 0
    withdrawn: int = 0
    """Cancelled after the client had left the program."""
    not_held: int = 0
    """Of sessions that the program did not hold."""
    on_hold: int = 0
    """Not attended while the stay was on hold."""

    @property
    def held(self) -> int:
        """Appointments that the client could have kept."""
        return self.credited + self.uncredited + self.excused + self.late_cancelled + self.no_show


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of appointments; None when there were none to share."""

    attendance: Fraction | None
    attendance_excused_out: Fraction | None
    """The same with excused absences left out of the whole."""
    no_show: Fraction | None


def rates(tally: Tally) -> Rates:
    """Attendance with and without excused absences, and no-shows, of the appointments that could
    have been kept: withdrawn ones, those not held and those on hold are in no whole."""
    return Rates(
        _share(tally.credited, tally.held),
        _share(tally.credited, tally.held - tally.excused),
        _share(tally.no_show, tally.held),
    )


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
