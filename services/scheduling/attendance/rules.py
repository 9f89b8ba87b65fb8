"""What an attendance status needs, which minutes are credited, and the rates they make."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal
from uuid import UUID

from services.scheduling.attendance.policy import Timing
from shared.calendar import Week, elapsed
from shared.errors import Invalid

Status = Literal["present", "partial", "excused_absence", "late_cancel", "no_show"]
"""What became of a client's seat; the first two are of who came."""

HELD = ("credited", "uncredited", "excused", "late_cancelled", "no_show")
"""What became of appointments that the client could have kept: present, or partial with credit;
partial without; and the misses."""
OTHERWISE = ("withdrawn", "not_held", "on_hold", "unrecorded")
"""Of the others: cancelled after the client had left the program, of sessions that the program did
not hold, not attended while the stay was on hold, and not recorded yet."""
MINUTE = timedelta(minutes=1)
EARLIEST_CHECK_IN = timedelta(hours=12)
"""Earlier than this before a session is taken for a mistake in the date."""


class ImpossibleAttendance(Invalid):
    """The instants do not go with the status or the session; `field` is the one to mend."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, pointer=f"/{field}")
        self.field = field


def _refuse(is_so: bool, field: str, message: str) -> None:
    if is_so:
        raise ImpossibleAttendance(field, message)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session that attendance is checked by: aware instants, breaks in minutes, the least
    minutes for which a part of it is credited, and the times around it."""

    starts_at: datetime
    ends_at: datetime
    break_minutes: int
    min_minutes_for_credit: int
    timing: Timing

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
    """What was noted about one client; `makes_up` is the miss that this attendance makes up."""

    status: Status
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    makes_up: UUID | None = None


def attended(status: Status) -> bool:
    """Whether a client of that status came, for whatever part of the session."""
    return status in ("present", "partial")


def is_excused(status: Status) -> bool:
    """Whether a miss is excused. A late cancellation is not: the seat could not be used."""
    return status == "excused_absence"


def require_acceptable(report: Report, meeting: Meeting, now: datetime) -> None:
    """Refuse instants that do not go with the status.

    A partial attendance needs both, in order, not in the future, with some of the session between
    them and not longer than it; no other status has any. Only who came makes up for a miss.

    Raises:
        ImpossibleAttendance: naming the field.
    """
    came, left = report.checked_in_at, report.checked_out_at
    leave_out = f"Leave it out for status {report.status}."
    _refuse(report.makes_up is not None and not attended(report.status), "makes_up", leave_out)
    partial = report.status == "partial"
    for field, at in (("checked_in_at", came), ("checked_out_at", left)):
        _refuse(at is not None and not partial, field, leave_out)
        _refuse(at is None and partial, field, "Needed for status partial.")
    if came is None or left is None:
        return
    early = elapsed(came, meeting.starts_at) > EARLIEST_CHECK_IN
    _refuse(came >= left, "checked_out_at", "Must be later than checked_in_at.")
    _refuse(left > now, "checked_out_at", "Lies in the future.")
    _refuse(early, "checked_in_at", "Lies long before the session.")
    _refuse(came >= meeting.ends_at, "checked_in_at", "The session was over by then.")
    _require_end(left, meeting, "checked_out_at")


def require_check_in(at: datetime, meeting: Meeting, now: datetime) -> None:
    """Refuse a check-in in the future, before it opens, or when the session is over.

    Raises:
        ImpossibleAttendance: naming the field.
    """
    before = meeting.timing.check_in_minutes_before
    too_early = elapsed(at, meeting.starts_at) > before * MINUTE
    _refuse(at > now, "at", "Lies in the future.")
    _refuse(too_early, "at", f"Check-in opens {before} minutes before the session.")
    _refuse(at >= meeting.ends_at, "at", "The session was over by then.")


def require_check_out(at: datetime, came: datetime, meeting: Meeting, now: datetime) -> None:
    """Refuse a check-out in the future, before the check-in or the session, or long after it.

    Raises:
        ImpossibleAttendance: naming the field.
    """
    _refuse(at > now, "at", "Lies in the future.")
    _refuse(at <= came, "at", "Must be later than the check-in.")
    _require_end(at, meeting, "at")


def _require_end(at: datetime, meeting: Meeting, field: str) -> None:
    late = elapsed(meeting.ends_at, at) > meeting.timing.check_out_minutes_after * MINUTE
    _refuse(at <= meeting.starts_at, field, "The session had not started by then.")
    _refuse(late, field, "Attendance is not longer than the session: note its end.")


def report_of(came: datetime | None, left: datetime | None, meeting: Meeting) -> Report:
    """What check-in and check-out say of a client once the session is over.

    Present within the grace at both ends, else partial. Who did not check out stayed to the end;
    who did not come, or for none of the session, is a no-show.
    """
    if came is None:
        return Report("no_show")
    left = meeting.ends_at if left is None else min(left, meeting.ends_at)
    early = elapsed(came, meeting.starts_at) > EARLIEST_CHECK_IN
    if early or came >= left or left <= meeting.starts_at:
        return Report("no_show")
    report = Report("partial", came, left)
    return report if any(away(report, meeting)) else Report("present")


def away(report: Report, meeting: Meeting) -> tuple[int, int]:
    """Whole minutes by which a partial attendance began late and ended early; 0 within the
    grace."""
    if report.checked_in_at is None or report.checked_out_at is None:
        return 0, 0
    late = elapsed(meeting.starts_at, report.checked_in_at) // MINUTE
    early = elapsed(report.checked_out_at, meeting.ends_at) // MINUTE
    late = late if late > meeting.timing.late_minutes else 0
    return late, early if early > meeting.timing.left_early_minutes else 0


def is_in_time(missed: Week, made_up: Week, weeks_apart: int | None) -> bool:
    """Whether a session of one week makes up a miss of another; see the policy for None."""
    apart = abs((made_up.monday - missed.monday).days) // 7
    return weeks_apart is not None and apart <= weeks_apart


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


def held(tally: Counter[str]) -> int:
    """How many appointments the client could have kept."""
    return sum(tally[became] for became in HELD)


def rates(tally: Counter[str]) -> dict[str, Fraction | None]:
    """Attendance with and without excused absences, and no-shows, of the appointments that could
    have been kept, by their names in an answer: withdrawn ones, those not held and those on hold
    are in no whole. None when there is nothing to share. Each appointment is counted once."""
    whole = held(tally)
    return {
        "attendance_rate": _share(tally["credited"], whole),
        "attendance_rate_excused_out": _share(tally["credited"], whole - tally["excused"]),
        "no_show_rate": _share(tally["no_show"], whole),
    }


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
