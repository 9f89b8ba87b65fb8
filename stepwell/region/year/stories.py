"""The ways that clients take through a term: how they come, what happens, and how they leave.

Every way begins around the Monday of the term's first week; `story` takes the turns so that each
term has one of each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import repeat

from stepwell.region.plan import SessionPlan
from stepwell.region.year.course import Course, falling, grant
from stepwell.region.year.plan import Answer

REASONS = (
    "goals_met",
    "program_finished",
    "needs_higher_level",
    "needs_withdrawal_management",
    "needs_inpatient_care",
    "left_against_advice",
    "moved_to_other_provider",
    "moved_to_other_site",
    "ended_by_program",
    "no_contact",
    "incarcerated",
    "other",
)
"""Discharge reasons that the stories take in turn; death has a story of its own."""
HOLDS = ("medical_leave", "family_leave", "travel", "court_or_custody", "coverage_pending", "other")
ODD_PERMISSIONS = ("appointments_only", "voice_only", "no_way", "mornings")


@dataclass(frozen=True)
class Turn:
    """Which client it is, in which term, and by which reason the stay ends."""

    term: int
    monday: date
    reason: str

    def day(self, number: int) -> date:
        """A day of the term, counted from its first Monday."""
        return self.monday + timedelta(days=number)


Story = Callable[[Course, Turn], None]


def steps_down(course: Course, turn: Turn) -> None:
    """Gets better from week to week; the recommendation is followed."""
    course.come(turn.day(-6))
    usual = (grant("H0015", 20, turn.day(-3), 60), grant("H0004", 9, turn.day(-3), 59))
    course.stay(turn.day(-3), grants=usual)
    course.measure(turn.day(0), turn.day(28), falling((15, 12), 4, (6, 4)))


def steps_down_later(course: Course, turn: Turn) -> None:
    """Gets better; the first recommendation is declined, one after the pause is followed."""
    course.come(turn.day(-5), screened=0)
    course.stay(turn.day(-3), payer=False)
    course.measure(turn.day(0), turn.day(35), falling((13, 12), 4, (7, 5)))


def leaves_undecided(course: Course, turn: Turn) -> None:
    """Gets better; nobody decides on the recommendation before the stay ends otherwise."""
    course.come(turn.day(-4))
    course.stay(turn.day(-3), grants=(grant("H0015", 30, turn.day(-3), 90),))
    course.measure(turn.day(0), turn.day(28), falling((14, 13), 4, (5, 5)))
    course.add(turn.day(32), "discharge", reason="goals_met")


def comes_back(course: Course, turn: Turn) -> None:
    """Leaves after two good weeks and is admitted again three days later.

    Only PHQ-9 is asked again at once, so that the GAD-7 of the former stay is the latest there is.
    """
    course.come(turn.day(-6), screened=0)
    course.stay(turn.day(-4), grants=(grant("H0015", 16, turn.day(-4), 75),))
    course.measure(turn.day(7), turn.day(7), repeat((7, 6)))
    course.add(turn.day(11), "discharge", reason=turn.reason)
    course.add(turn.day(14), "refer")
    course.add(turn.day(14), "screen", occasion="intake", totals=(6, None), item9=0)
    again = (grant("H0015", 6, turn.day(14), 40),)
    course.stay(turn.day(15), permission=None if turn.term % 2 else "usual", grants=again)
    course.measure(turn.day(30), turn.day(37), repeat((6, 5)))
    if turn.term % 2 == 0:
        course.add(turn.day(39), "discharge", reason=turn.reason)


def pauses(course: Course, turn: Turn) -> None:
    """Is on hold for ten days, does not come meanwhile, and goes on by a word of staff."""
    course.come(turn.day(-6))
    course.stay(turn.day(-4), payer=False)
    course.measure(turn.day(0), turn.day(35), repeat((8, 8)))
    course.add(turn.day(8), "hold", reason=HOLDS[turn.term], comes=False)
    course.add(turn.day(18), "resume")
    course.add(turn.day(36), "discharge", reason=turn.reason)


def pauses_and_comes(course: Course, turn: Turn) -> None:
    """Is on hold; the next session attended ends the hold. Was too well to become better."""
    course.come(turn.day(-3), totals=(5, 3))
    course.stay(turn.day(-2), grants=(grant("H0015", 12, turn.day(-2), 45),))
    course.measure(turn.day(7), turn.day(28), repeat((4, 2)))
    course.add(turn.day(15), "hold", reason=HOLDS[-1 - turn.term % 2], comes=True)
    course.add(turn.day(33), "discharge", reason=turn.reason)


def drops_out(course: Course, turn: Turn) -> None:
    """Comes less and less after a high risk was found, takes back the permission to be reached, and
    is lost."""
    course.come(turn.day(0), screened=3)
    course.stay(turn.day(4), permission="mornings" if turn.term % 2 else "usual")
    course.add(turn.day(8), "screen", occasion="follow_up", totals=(16, 13), item9=2)
    course.add(turn.day(21), "revoke_contact")
    if turn.term == 1:
        course.add(turn.day(18), "correct", back=2, status="present")
    if turn.term == 3:
        course.add(turn.day(24), "take_charge", over=True)
    course.add(turn.day(31), "discharge", reason="no_contact")


def signs_no_permission(course: Course, turn: Turn) -> None:
    """Signs nothing about being reached until the last weeks."""
    course.come(turn.day(2), screened=8)
    course.stay(turn.day(10), permission=None, payer=False)
    if turn.term % 2:
        course.permit(turn.day(23), "usual")
    course.add(turn.day(38), "discharge", reason=turn.reason)


def permits_little(course: Course, turn: Turn) -> None:
    """May be reached in one of the ways that leave little; later in the usual ones. Is very ill at
    first, and still ill when much has become better."""
    course.come(turn.day(-5), totals=(21, 17))
    course.stay(turn.day(-2), permission=ODD_PERMISSIONS[turn.term], payer=False)
    course.permit(turn.day(22), "usual")
    course.measure(turn.day(14), turn.day(35), repeat((12, 9)))
    course.add(turn.day(37), "discharge", reason=turn.reason)


def dies(course: Course, turn: Turn) -> None:
    """Gets worse and dies; what was missed before is written down afterwards."""
    course.come(turn.day(-4))
    until = turn.day(12) if turn.term % 2 else None
    course.stay(turn.day(-1), permission="mornings", permitted_until=until)
    course.measure(turn.day(7), turn.day(14), repeat((20, 15)))
    course.add(turn.day(8), "report_use", finding="use", days_ago=2)
    if turn.term % 2:
        course.add(turn.day(9), "take_charge", over=False)
    finding = ("use", "no_use", "test_missed", "no_use")[turn.term]
    course.add(turn.day(10), "report_use", finding=finding, days_ago=0)
    course.add(turn.day(17), "discharge", reason="death")
    course.add(turn.day(18), "record_late", status="no_show")


def exhausts_grants(course: Course, turn: Turn) -> None:
    """Uses up what the payer granted; more is granted late, for days that are over too."""
    course.come(turn.day(-4), screened=0)
    first = (
        grant("H0015", 4, turn.day(-2), 30),
        grant("H0015", 3, turn.day(5), 20),
        grant("H0004", 5, turn.day(-2), 70),
    )
    course.stay(turn.day(-2), grants=first)
    more = (grant("H0015", 5, turn.day(9), 36), grant("H0004", 4, turn.day(12), 25))
    course.add(turn.day(23), "grant", grants=more)
    course.add(turn.day(24), "correct", back=2, status="present")
    course.add(turn.day(25), "correct", back=4, status="no_show")
    course.measure(turn.day(14), turn.day(35), repeat((10, 10)))
    if turn.term in (0, 3):
        course.unseen(turn.day(25 if turn.term else 29), (10, 10), item9=2 if turn.term else 1)
    course.add(turn.day(36), "discharge", reason=turn.reason)


def stays_long(course: Course, turn: Turn) -> None:
    """Waits for a seat, stays beyond the term, and reads the clock of another zone."""
    early = turn.term == 2
    course.come(turn.day(-42 if early else 1))
    course.stay(turn.day(-40 if early else 4), grants=(grant("H0015", 60, turn.day(0), 200),))
    course.add(turn.day(9), "state_zone", zone="America/Los_Angeles")
    course.measure(turn.day(9), turn.day(65 if turn.term == 0 else 36), repeat((9, 9)))
    course.add(turn.day(22), "correct", back=1, status="excused_absence")
    course.add(turn.day(29), "correct", back=3, status="present")
    if turn.term == 0:
        course.add(turn.day(72), "discharge", reason=turn.reason)


STORIES: tuple[tuple[Story, Answer, float], ...] = (
    (steps_down, "accept", 0.95),
    (steps_down_later, "decline_once", 0.95),
    (leaves_undecided, "leave_open", 0.93),
    (comes_back, "leave_open", 0.85),
    (pauses, "leave_open", 0.9),
    (pauses_and_comes, "leave_open", 0.9),
    (drops_out, "accept", 0.5),
    (signs_no_permission, "accept", 0.75),
    (permits_little, "leave_open", 0.8),
    (dies, "accept", 0.7),
    (exhausts_grants, "leave_open", 0.85),
    (stays_long, "leave_open", 0.85),
)
"""Each with what clinical leads do, and the client's long-run share of sessions attended."""

UNRECORDED = 31
"""Each so many-th session is not written down at all."""


def written_down(sessions: tuple[SessionPlan, ...]) -> tuple[SessionPlan | None, ...]:
    """Some sessions are forgotten at the front desk."""
    return tuple(
        None if number % UNRECORDED == UNRECORDED - 1 else plan
        for number, plan in enumerate(sessions)
    )
