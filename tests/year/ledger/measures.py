"""What is to be answered now, walked through the calendar day by day, and how scores changed.

The policy is taken as it was answered over HTTP.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.year.ledger.journal import Journal
from tests.year.ledger.stays import Stay

DAYS = {"weekly": 7, "biweekly": 14, "monthly": 30}
DAY = timedelta(days=1)
Policy = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """One score of a person, by the calendar of the site of the stay."""

    day: date
    instrument: str
    version: str
    values: dict[str, int | None]
    """By series."""


@dataclass
class Turn:
    """One time at which an instrument is to be answered, while the calendar is walked through."""

    schedule: Any
    due: date
    until: date
    done: bool = False

    @property
    def late(self) -> date:
        return min(self.due + timedelta(self.schedule["overdue_after_days"]), self.until)


@dataclass
class Calendar:
    """The days of a stay at its site."""

    level: str
    begins: date
    ends: date | None = None
    held: list[tuple[date, date | None]] = field(default_factory=list)

    def is_held(self, day: date) -> bool:
        return any(since <= day and (until is None or day < until) for since, until in self.held)


def calendar_of(stay: Stay, zone: ZoneInfo) -> Calendar:
    def day(instant: datetime) -> date:
        return instant.astimezone(zone).date()

    held = [(day(since), until and day(until)) for since, until in stay.holds]
    return Calendar(stay.level, day(stay.begins), stay.ends and day(stay.ends), held)


def answers(
    journal: Journal, records: frozenset[str], after: datetime | None, until: date | None, zone: Any
) -> list[Answered]:
    """What a person answered after the former stay, up to a day, in order."""
    found = []
    for event in journal.named("ScreeningCompleted"):
        if event.client not in records:
            continue
        for result in event.data["results"]:
            at = datetime.fromisoformat(result["answered_at"])
            day = at.astimezone(zone).date()
            if (after is not None and at <= after) or (until is not None and day > until):
                continue
            values = {one["subscale"]: one["total"] for one in result["subscores"]}
            values["total"] = result["total"]
            rank = (at, event.instant("completed_at"), event.data["screening_id"])
            version = result["instrument_version"]
            found.append((rank, Answered(day, result["instrument"], version, values)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def open_measures(
    policy: Policy, stay: Calendar, given: list[Answered], today: date
) -> set[tuple[str, str, date]]:
    """Instrument, state and day of what a client is to answer today."""
    if stay.ends is not None and stay.ends <= today:
        return set()
    names = {s["instrument"] for phase in policy["phases"] for s in phase["schedules"]}
    turns = ((name, _turn(policy, stay, name, given, today)) for name in sorted(names))
    return {
        (name, "overdue" if today >= turn.late else "due", turn.due)
        for name, turn in turns
        if turn is not None and not turn.done and not stay.is_held(today) and turn.due <= today
    }


def _turn(
    policy: Policy, stay: Calendar, name: str, given: list[Answered], today: date
) -> Turn | None:
    days = sorted(
        {
            one.day
            for one in given
            if one.instrument == name and any(v is not None for v in one.values.values())
        }
    )
    turn: Turn | None = None
    first = True
    for day in _days(stay.begins, today):
        if turn is not None and day == turn.until:
            turn = None
        if turn is None:
            schedule = _schedule(policy, stay, name, day)
            if schedule is None:
                continue
            early = policy["baseline"]["before_days"] if first else schedule["early_days"]
            first = False
            turn = Turn(schedule, day, day + timedelta(DAYS[schedule["every"]]))
            before = [one for one in days if day - timedelta(early) <= one < day]
            if before:
                turn.done = True
                days.remove(before[0])
        if not turn.done and day in days:
            turn.done = True
            days.remove(day)
        if not turn.done and stay.is_held(day):
            turn.done = day >= turn.late  # too late already: missed
            turn.due = turn.due if turn.done else day + DAY
    if turn is not None and turn.schedule["only_from"] is not None:
        began = baseline(policy, stay, [one for one in given if one.instrument == name], "total")
        if began is None or _is_better(policy, name, began, turn.schedule["only_from"]):
            return None
    return turn


def _is_better(policy: Policy, name: str, began: Answered, cut: int) -> bool:
    """Whether the baseline was on the better side of the cut."""
    total = began.values["total"]
    assert total is not None
    lower = policy["measures"][name]["series"]["total"]["better"] == "lower"
    return total < cut if lower else total > cut


def _days(first: date, last: date) -> Iterable[date]:
    return (first + n * DAY for n in range((last - first).days + 1))


def _schedule(policy: Policy, stay: Calendar, name: str, day: date) -> Any:
    week = (day - stay.begins).days // 7 + 1
    phases = [
        phase
        for phase in policy["phases"]
        if phase["from_week"] <= week and (not phase["levels"] or stay.level in phase["levels"])
    ]
    if not phases:
        return None
    phase = sorted(phases, key=lambda one: one["from_week"])[-1]
    return next((s for s in phase["schedules"] if s["instrument"] == name), None)


def baseline(policy: Policy, stay: Calendar, given: list[Answered], series: str) -> Answered | None:
    first = stay.begins - timedelta(policy["baseline"]["before_days"])
    last = stay.begins + timedelta(policy["baseline"]["after_days"])
    fit = [o for o in given if first <= o.day <= last and o.values.get(series) is not None]
    return fit[0] if fit else None


def courses(
    policy: Policy, stay: Calendar, given: list[Answered]
) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    """Each series of each version of an instrument: its values, the baseline, and the outcome of
    the latest against it."""
    found: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    for name, version in {(one.instrument, one.version) for one in given}:
        same = [one for one in given if (one.instrument, one.version) == (name, version)]
        for key, series in policy["measures"].get(name, {"series": {}})["series"].items():
            of_it = [one for one in same if one.values.get(key) is not None]
            if not of_it:
                continue
            first = baseline(policy, stay, of_it, key)
            outcome = None
            if first is not None and of_it[-1] is not first:
                outcome = outcome_of(series, first.values[key], of_it[-1].values[key])
            values = [(one.day.isoformat(), one.values[key]) for one in of_it]
            found[name, version, key] = (values, first and first.values[key], outcome)
    return found


def outcome_of(series: dict[str, Any], before: Any, after: Any) -> str:
    """What a change came to; the policy that is shipped regresses nobody to the mean."""
    rule, sign = series["reliable_change"], -1 if series["better"] == "lower" else 1
    if rule is None:
        return "not_classifiable"
    if rule["method"] == "points":
        least = rule["points"]
    else:
        error = rule["sd"] * math.sqrt(2 - 2 * rule["reliability"])
        least = math.floor(rule["z"] * error) + 1
    gain = sign * (after - before)
    if gain <= -least:
        return "reliably_deteriorated"
    if gain < least:
        best = series["lowest"] if sign < 0 else series["highest"]
        return "no_reliable_change" if abs(before - best) >= least else "not_classifiable"
    cut, case = series["clinical_cut"], series["caseness"]
    if cut is not None:
        ill, well = cut["clinical"], cut["others"]
        value = cut["at"]
        if value is None:
            value = (well["sd"] * ill["mean"] + ill["sd"] * well["mean"]) / (well["sd"] + ill["sd"])
        over = sign * before < sign * value <= sign * after
    elif case is not None:
        over = sign * before <= sign * case["at"] < sign * after
    else:
        over = False
    return "recovered" if over else "reliably_improved"
