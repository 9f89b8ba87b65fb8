"""What is known of stays, referrals and follow-ups; all days are days at the site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.outcomes.measures.rules.change import Direction
from services.outcomes.programs.rules.survival import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is counted, and the groups it belongs to."""

    id: UUID
    client_id: UUID
    site_id: UUID
    today: date
    region_id: UUID | None = None
    cohort_id: UUID | None = None
    level_of_care: str | None = None
    dual_diagnosis: bool | None = None
    gender_group: str | None = None
    age_band: str | None = None


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions of a stay in one month."""

    month: date
    attended: int
    missed: int
    excused: int
    attended_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay(Case):
    """A stay in the program; its id is that of the enrolment."""

    enrolled_on: date
    ended_on: date | None = None
    ended_as: str | None = None
    end_reason: str | None = None
    attended_on: Sequence[date] = ()
    """The days of services of the stay, in order."""
    returned_on: date | None = None
    """When the person entered the next stay after the end."""
    sessions: Sequence[Sessions] = ()
    changed: Direction | None = None
    """The reliable change of the score that is asked for; None where it was not measured twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral(Case):
    """A referral, with the services of the person up to the next one."""

    received_on: date
    state: str
    reason: str | None = None
    ended_on: date | None = None
    """When it ended without an enrolment."""
    served_before_on: date | None = None
    """The last service before it, of any record of the person."""
    attended_on: Sequence[date] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey(Case):
    """A follow-up after a stay."""

    days: int
    due_on: date
    closes_on: date
    state: str
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """That a case counts in a measure."""

    case: Case
    on: date
    """By which it belongs to a month."""
    falls: str
    """The class it falls in."""
    number: int = 1
    minutes: int = 0
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` up to, and without, `until`."""

    first: date
    until: date

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.first <= day < self.until
