"""Who counts in a measure, and in which class: a function for each kind of definition.

Each takes the definition, a case and the period, and gives what the case counts; nothing where it
is not in the denominator. What a class means in words stands with the definition, in the data file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from services.outcomes.measures.rules.change import Direction
from services.outcomes.programs.policy import ProgramMeasure as Definition
from services.outcomes.programs.rules.facts import Counted, Period, Referral, Stay, Survey
from services.outcomes.programs.rules.survival import Span

DAY = timedelta(days=1)


Count = Callable[[Any, Any, Period], Iterator[Counted]]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a measure is counted: of which cases, into which classes."""

    of: type[Stay] | type[Referral] | type[Survey]
    count: Count
    reads: tuple[str, ...] = ()
    """The facts of a case that it looks at, beyond those that every case has."""
    curve: bool = False


def census(_: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Stays that were open on the last day of each month of the period, or today in it."""
    for first in months(Period(max(period.first, stay.enrolled_on), period.until)):
        last = min(following(first) - DAY, stay.today)
        if last >= first and stay.enrolled_on <= last and not _ended_by(stay, last):
            yield Counted(stay, last, "present")


def referrals(_: Definition, referral: Referral, period: Period) -> Iterator[Counted]:
    """Referrals of the period by how far they have come."""
    if referral.received_on in period and referral.reason != "entered_in_error":
        yield Counted(referral, referral.received_on, _came_to(referral))


def first_service(wanted: Definition, referral: Referral, period: Period) -> Iterator[Counted]:
    """Days from a referral to the first service; what ends it otherwise competes."""
    if referral.received_on not in period or referral.reason == "entered_in_error":
        return
    start, most = referral.received_on, wanted.within_days or 0
    if referral.attended_on:
        days = (referral.attended_on[0] - start).days
        falls, span = "within" if days < most else "late", Span(0, days, "first_service")
    elif referral.ended_on is not None:
        falls, span = "stopped", Span(0, (referral.ended_on - start).days, "stopped")
    else:
        days = max(0, (referral.today - start).days)
        falls, span = "late" if days >= most else "due", Span(0, days, None)
    yield Counted(referral, start, falls, span=span)


def initiation(wanted: Definition, referral: Referral, period: Period) -> Iterator[Counted]:
    """A first service in the days of the referral and after, of those whose days are over."""
    found = _initiated_on(wanted, referral, period)
    last = referral.received_on + timedelta(days=(wanted.within_days or 0) - 1)
    if found is not None and last < referral.today:
        yield Counted(referral, referral.received_on, "initiated" if found[0] else "not_initiated")


def engagement(wanted: Definition, referral: Referral, period: Period) -> Iterator[Counted]:
    """Initiation and further services from the day after it on; of all whose days are over."""
    found = _initiated_on(wanted, referral, period)
    days = timedelta(days=(wanted.within_days or 0) - 1 + (wanted.further_days or 0))
    if found is None or referral.received_on + days >= referral.today:
        return
    began = found[0]
    until = began + timedelta(days=wanted.further_days or 0) if began else None
    further = [day for day in referral.attended_on if began and until and began < day <= until]
    engaged = began is not None and len(further) >= (wanted.further_services or 0)
    yield Counted(referral, referral.received_on, "engaged" if engaged else "not_engaged")


def attendance(_: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Sessions of the period, by what became of the client's seat."""
    for month in stay.sessions:
        if month.month not in period:
            continue
        yield Counted(stay, month.month, "attended", month.attended, month.attended_minutes)
        yield Counted(stay, month.month, "missed", month.missed)
        yield Counted(stay, month.month, "excused", month.excused)


def retention(wanted: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Days from the first service to an end. Of stays that began in the period and are followed up
    to today; with late entry of all that were there in the period, seen within it only."""
    if (span := _span(wanted, stay, period)) is not None:
        started = stay.attended_on[0]
        yield Counted(stay, max(started, period.first), span.end or "going_on", span=span)


def ends(wanted: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """As retention, the ends by their kinds, each competing with the others."""
    for one in retention(wanted, stay, period):
        falls = stay.ended_as or "unknown" if one.span and one.span.end else "going_on"
        span = one.span and Span(one.span.entry, one.span.exit, one.span.end and falls)
        yield Counted(stay, one.on, falls, span=span)


def retained(wanted: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Whether a stay was open so many days after its first service, and still attended where
    `active_days` are asked for; of those whose day has come, without those who died."""
    if not stay.attended_on or stay.ended_as in wanted.excluded_ends:
        return
    start = stay.attended_on[0]
    day = start + timedelta(days=wanted.within_days or 0)
    if start not in period or day > stay.today:
        return
    held = not _ended_by(stay, day)
    if held and wanted.active_days is not None:
        since = day - timedelta(days=wanted.active_days - 1)
        held = any(since <= on <= day for on in stay.attended_on)
    yield Counted(stay, start, "retained" if held else "not_retained")


def discharges(_: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Stays that ended in the period, by how."""
    if stay.ended_on in period and stay.ended_on is not None:
        yield Counted(stay, stay.ended_on, stay.ended_as or "unknown")


def reasons(_: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Stays that ended in the period, by the reason that was given."""
    if stay.ended_on in period and stay.ended_on is not None:
        yield Counted(stay, stay.ended_on, stay.end_reason or "not_told")


def discharge_share(wanted: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Of the stays that ended in the period, those that ended in one of these ways."""
    for one in discharges(wanted, stay, period):
        if one.falls not in wanted.excluded_ends:
            yield Counted(stay, one.on, "so" if one.falls in wanted.ends else "otherwise")


def reliable_change(_: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Of the stays that ended in the period, how the score of an instrument changed."""
    if stay.ended_on in period and stay.ended_on is not None:
        yield Counted(stay, stay.ended_on, CHANGES[stay.changed])


def returned(wanted: Definition, stay: Stay, period: Period) -> Iterator[Counted]:
    """Of the stays that ended in the period, who entered the program again within so many days; of
    others nothing is known."""
    if stay.ended_on not in period or stay.ended_on is None:
        return
    last = stay.ended_on + timedelta(days=wanted.within_days or 0)
    if stay.ended_as in wanted.excluded_ends or last >= stay.today:
        return
    again = stay.returned_on is not None and stay.returned_on <= last
    yield Counted(stay, stay.ended_on, "returned" if again else "not_known_to_have_returned")


def follow_up(wanted: Definition, survey: Survey, period: Period) -> Iterator[Counted]:
    """What became of the surveys of so many days that were due in the period and are over."""
    closed = survey.state not in ("planned", "due")
    if survey.days == wanted.within_days and survey.due_on in period and closed:
        yield Counted(survey, survey.due_on, survey.state)


def answer(wanted: Definition, survey: Survey, period: Period) -> Iterator[Counted]:
    """What was answered to a question; of whoever did not answer it is unknown."""
    for one in follow_up(wanted, survey, period):
        yield Counted(survey, one.on, survey.answers.get(wanted.question or "", "unknown"))


CHANGES: dict[Direction | None, str] = {
    "improvement": "improved",
    "none": "unchanged",
    "deterioration": "deteriorated",
    None: "not_measured",
}
DAYS = ("attended_on",)
BEFORE_AND_AFTER = ("served_before_on", "attended_on")
KINDS: dict[str, Kind] = {
    "census": Kind(Stay, census),
    "referrals": Kind(Referral, referrals),
    "first_service": Kind(Referral, first_service, DAYS, curve=True),
    "initiation": Kind(Referral, initiation, BEFORE_AND_AFTER),
    "engagement": Kind(Referral, engagement, BEFORE_AND_AFTER),
    "attendance": Kind(Stay, attendance),
    "retention": Kind(Stay, retention, DAYS, curve=True),
    "ends": Kind(Stay, ends, DAYS, curve=True),
    "retained": Kind(Stay, retained, DAYS),
    "discharges": Kind(Stay, discharges),
    "reasons": Kind(Stay, reasons),
    "discharge_share": Kind(Stay, discharge_share),
    "reliable_change": Kind(Stay, reliable_change),
    "returned": Kind(Stay, returned, ("returned_on",)),
    "follow_up": Kind(Survey, follow_up),
    "answer": Kind(Survey, answer),
}


def kind_of(measure: Definition) -> Kind:
    """How a measure is counted."""
    return KINDS[measure.kind]


def months(period: Period) -> Iterator[date]:
    """The first days of the months of a period."""
    month = period.first.replace(day=1)
    while month < period.until:
        yield month
        month = following(month)


@lru_cache(maxsize=1_024)
def following(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _ended_by(stay: Stay, day: date) -> bool:
    return stay.ended_on is not None and stay.ended_on <= day


def _came_to(referral: Referral) -> str:
    if referral.state == "accepted":
        return "accepted"
    return "ended_otherwise" if referral.ended_on is not None else "open"


def _initiated_on(
    wanted: Definition, referral: Referral, period: Period
) -> tuple[date | None] | None:
    """The day of the initiation, if any; nothing where the referral does not count."""
    start = referral.received_on
    if start not in period or referral.reason in ("entered_in_error", "died"):
        return None
    since = start - timedelta(days=wanted.look_back_days or 0)
    if referral.served_before_on is not None and referral.served_before_on >= since:
        return None
    last = start + timedelta(days=(wanted.within_days or 0) - 1)
    return (next((day for day in referral.attended_on if day <= last), None),)


def _span(wanted: Definition, stay: Stay, period: Period) -> Span | None:
    if not stay.attended_on:
        return None
    start = stay.attended_on[0]
    last = stay.today if stay.ended_on is None else max(stay.ended_on, start)
    end = None if stay.ended_on is None or stay.ended_as in wanted.excluded_ends else "ended"
    entry = 0
    if wanted.late_entry:
        over = min(period.until - DAY, stay.today)
        if start > over or last < period.first:
            return None
        entry = max(0, (period.first - start).days - 1)
        if last > over:
            last, end = over, None
    elif start not in period:
        return None
    return Span(entry, (last - start).days, end)
