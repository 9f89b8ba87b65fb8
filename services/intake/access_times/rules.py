"""Counting days of access, and holding them against a target. All dates are dates at the site."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal

Measure = Literal["first_screening", "first_service"]
Standing = Literal["overdue", "soon", "later"]
Status = Literal["within", "late", "due_on", "stopped"]
"""`due_on`: it has not come about and is not late yet; `stopped`: it will not, as the referral
ended without an enrolment."""


@dataclass(frozen=True, slots=True)
class Target:
    """Within how many days. Of 14 days the first is the day of the start where it counts, as HEDIS
    IET counts initiation: from 10 March up to and including 23 March."""

    days: int
    first_day_counts: bool

    @property
    def most_days_after(self) -> int:
        """How many days after the start is still in time."""
        return self.days - 1 if self.first_day_counts else self.days

    def last_day(self, start: date) -> date:
        """The last day that is in time."""
        return start + timedelta(days=self.most_days_after)


def days_between(start: date, happened_on: date) -> int:
    """Days waited: 0 on the day of the start, and also for what came about before it, such as a
    screening in the facility from which the person is discharged later."""
    return max(0, (happened_on - start).days)


def status(days: int | None, age: int, stopped: bool, target: Target) -> Status:
    """How it stands: `days` waited, or None where it has not come about; `age` is the days since
    the start, negative before it."""
    if days is not None:
        return "within" if days <= target.most_days_after else "late"
    if stopped:
        return "stopped"
    return "due_on" if age <= target.most_days_after else "late"


def standing(runs_out_on: date, today: date, soon_days: int) -> Standing:
    """How a clock that runs stands today: its last day is over, within `soon_days`, or later."""
    if runs_out_on < today:
        return "overdue"
    return "soon" if (runs_out_on - today).days <= soon_days else "later"


def nearest_rank(counts: Mapping[int, int], percent: int) -> int | None:
    """The least number of days within which at least `percent` of all came about; None of none.

    `counts` says how often each number of days occurred. By nearest rank, so that it is a number of
    days that somebody waited.
    """
    rank = ceil(sum(counts.values()) * percent / 100)
    reached = 0
    for days in sorted(counts):
        reached += counts[days]
        if reached >= rank > 0:
            return days
    return None
