"""When each instrument of a stay is to be answered, and what became of it.

A function of the stay, its holds, the answers, the policy and the day: whatever order the facts
came in, the result is the same. All days are those of the calendar at the site.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.outcomes.measures.policy import DAYS, TOTAL, MeasurePolicy, Schedule

State = Literal["planned", "due", "overdue", "completed", "missed", "excused"]


@dataclass(frozen=True, slots=True)
class Hold:
    """Days on which a stay was on hold: from the first one on, up to the day of the return, which
    is none of them; None while it lasts."""

    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay, as its measures see it."""

    level_of_care: str
    enrolled_on: date
    ended_on: date | None = None
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """A score of a stay by one instrument: its series' values."""

    answered_on: date
    values: Mapping[str, int | None]

    @property
    def valid(self) -> bool:
        """Whether the answers gave any value."""
        return any(value is not None for value in self.values.values())


@dataclass(frozen=True, slots=True)
class Occasion:
    """An instrument that is to be answered at one time of its schedule."""

    instrument: str
    planned_on: date
    due_on: date
    """The planned day, or that of the return from a hold."""
    overdue_on: date
    until_on: date
    """From this day on it counts as missed; the next one takes its place."""
    state: State
    answered_on: date | None = None


def is_baseline(policy: MeasurePolicy, enrolled_on: date, answered_on: date) -> bool:
    """Whether a score may be a baseline: answered within the days around the admission that the
    policy names. The first valid one is."""
    days = (answered_on - enrolled_on).days
    return -policy.baseline.before_days <= days <= policy.baseline.after_days


def occasions(
    policy: MeasurePolicy, stay: Stay, scores: Mapping[str, Sequence[Value]], today: date
) -> list[Occasion]:
    """All that was, is and is next to be answered in a stay; of an open one the next of each
    instrument is `planned`."""
    names = {s.instrument: None for phase in policy.phases for s in phase.schedules}
    return [
        occasion
        for name in names
        for occasion in _of_instrument(policy, stay, name, scores.get(name, ()), today)
    ]


def _of_instrument(
    policy: MeasurePolicy, stay: Stay, name: str, values: Sequence[Value], today: date
) -> Iterator[Occasion]:
    baseline = next(
        (
            total
            for one in values
            if is_baseline(policy, stay.enrolled_on, one.answered_on)
            and (total := one.values.get(TOTAL)) is not None
        ),
        None,
    )
    answers = sorted({one.answered_on for one in values if one.valid})
    for n, (schedule, planned_on, until_on) in enumerate(_grid(policy, stay, name, today)):
        early = policy.baseline.before_days if n == 0 else schedule.early_days
        span = _span(stay, schedule, planned_on, until_on)
        first = planned_on - timedelta(early)
        answered = next((a for a in answers if first <= a < span.until_on), None)
        if answered is not None:
            answers.remove(answered)
        if not _is_for(policy, schedule, baseline):
            continue
        occasion = _occasion(stay, schedule, span, answered, today)
        if occasion is not None:
            yield occasion


def _grid(
    policy: MeasurePolicy, stay: Stay, name: str, today: date
) -> Iterator[tuple[Schedule, date, date]]:
    """The days on which an instrument is planned, each with the day of the next, up to the first
    one after today. A new phase changes how far the next is off, never one that is under way."""
    starts = sorted({phase.from_week for phase in policy.phases})
    day = stay.enrolled_on
    while stay.ended_on is None or day <= stay.ended_on:
        week = (day - stay.enrolled_on).days // 7 + 1
        phase = policy.phase(stay.level_of_care, week)
        found = next((s for s in phase.schedules if s.instrument == name), None) if phase else None
        if found is None:
            later = next((start for start in starts if start > week), None)
            if later is None:
                return
            day = stay.enrolled_on + timedelta(weeks=later - 1)
            continue
        until_on = day + timedelta(DAYS[found.every])
        yield found, day, until_on
        if day > today:
            return
        day = until_on


def _is_for(policy: MeasurePolicy, schedule: Schedule, baseline: int | None) -> bool:
    """Whether a client who began with this total is asked at all."""
    if schedule.only_from is None or baseline is None:
        return schedule.only_from is None
    if policy.measures[schedule.instrument].series[TOTAL].better == "lower":
        return baseline >= schedule.only_from
    return baseline <= schedule.only_from


@dataclass(frozen=True, slots=True)
class Span:
    """The days of one, after holds: a hold moves the day on which it is due, and ends what is
    overdue already."""

    planned_on: date
    due_on: date | None
    """None where a hold leaves no day to answer."""
    start: date
    overdue_on: date
    until_on: date


def _span(stay: Stay, schedule: Schedule, planned_on: date, until_on: date) -> Span:
    grace = timedelta(schedule.overdue_after_days)
    due_on = _after_holds(stay, planned_on, until_on, grace)
    start = planned_on if due_on is None else due_on
    overdue_on = min(start + grace, until_on)
    late = (hold.since for hold in stay.holds if overdue_on <= hold.since < until_on)
    return Span(planned_on, due_on, start, overdue_on, min(late, default=until_on))


def _occasion(
    stay: Stay, schedule: Schedule, span: Span, answered: date | None, today: date
) -> Occasion | None:
    """What became of one; None where the stay was over before it was due."""
    state: State
    if answered is not None:
        state = "completed"
    elif stay.ended_on is not None:
        if stay.ended_on < span.start:
            return None
        state = "missed" if span.due_on and stay.ended_on >= span.overdue_on else "excused"
    elif span.due_on is None:
        state = "excused"
    else:
        then: tuple[tuple[State, date], ...] = (
            ("missed", span.until_on),
            ("overdue", span.overdue_on),
            ("due", span.due_on),
        )
        state = next((name for name, since in then if today >= since), "planned")
    days = (span.planned_on, span.start, span.overdue_on, span.until_on)
    return Occasion(schedule.instrument, *days, state, answered)


def _after_holds(stay: Stay, day: date, until_on: date, grace: timedelta) -> date | None:
    """The first day from which nothing holds the client up for as long as there is time to answer;
    None where that is never, or not before the next is planned."""
    for hold in sorted(stay.holds, key=lambda one: one.since):
        if hold.since < day + grace and (hold.until is None or hold.until > day):
            if hold.until is None:
                return None
            day = hold.until
    return day if day < until_on else None


def next_change(found: Sequence[Occasion], today: date) -> date | None:
    """The next day on which time alone changes one of them."""
    open_ones = [one for one in found if one.state in ("planned", "due", "overdue")]
    days = (day for one in open_ones for day in (one.due_on, one.overdue_on, one.until_on))
    return min((day for day in days if day > today), default=None)
