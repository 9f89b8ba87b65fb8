"""What is known of a stay at an instant, and what each rule of a policy says of it."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.year.ledger import data_file
from tests.year.ledger.journal import Journal
from tests.year.ledger.people import People
from tests.year.ledger.progress import engagement, own_scores
from tests.year.ledger.risks import Report, Risk
from tests.year.ledger.sessions import seats_of
from tests.year.ledger.short_weeks import Watched
from tests.year.ledger.stays import Stay, stays_of

WAYS = ("step_up", "step_down", "extend")
"""Whoever needs more is not told to need less, and an extension comes last."""
MEASURES = data_file("outcomes/step_down/data/measures.yaml")
Z = 1.959963984540054
Rule = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """A rule with what was found."""

    name: str
    met: bool
    value: Fraction | int | None
    limits: tuple[float, float] | None = None
    unsafe: bool = False
    """The safety item is positive, so that nothing stands by it."""

    def shown(self) -> tuple[Any, ...]:
        """As it is answered."""
        rounded = None if self.value is None else round(float(self.value), 1)
        lower, upper = self.limits or (None, None)
        return self.name, self.met, rounded, lower, upper


@dataclass
class Facts:
    """What is known of a stay at an instant."""

    today: date
    enrolled: date
    figures: Any
    scores: Any
    baselines: Any
    short: list[date]
    risks: list[str]
    """How severe each is that nobody took charge of."""
    uses: list[date]


class Known:
    """Everything that was told, so that the facts of any instant can be looked up."""

    def __init__(
        self,
        journal: Journal,
        people: People,
        risks: list[Risk],
        reports: list[Report],
        weeks: Collection[Watched],
    ) -> None:
        self.journal, self.people, self.risks, self.reports = journal, people, risks, reports
        self.weeks = weeks

    def facts(self, stay: Stay, at: datetime) -> Facts:
        """The facts of a stay at an instant, by all records that were the person then."""
        zone = self.journal.zones[stay.site]
        records = self.people.records(stay.client, at)
        told = self.journal.about(records, at)
        stays = stays_of(told)
        mine = next(one for one in stays if one.id == stay.id)
        former = (one.ends for one in stays if one.id != stay.id and one.ends is not None)
        after = max((min(end, mine.begins) for end in former), default=None)
        begins = mine.begins.astimezone(zone).date()
        scores = own_scores(told, records, after)
        return Facts(
            today=at.astimezone(zone).date(),
            enrolled=begins,
            figures=engagement(seats_of(told), mine),
            scores={name: _on(found[-1], zone) for name, found in scores.items()},
            baselines={name: _baseline(found, begins, zone) for name, found in scores.items()},
            short=[one.monday for one in self.weeks if _short(one, stay, at)],
            risks=[
                severity
                for one in self.risks
                if one.client in records and (severity := one.open_at(at))
            ],
            uses=[
                date.fromisoformat(one["used_on"])
                for one in self.reports
                if one["client_id"] in records
                and one["finding"] == "use"
                and datetime.fromisoformat(one["reported_at"]) <= at
            ],
        )


def _on(answered: tuple[datetime, Any], zone: Any) -> tuple[date, Any]:
    at, score = answered
    return at.astimezone(zone).date(), score


def _baseline(found: list[Any], begins: date, zone: Any) -> tuple[date, Any] | None:
    """The first valid score around the admission."""
    first = begins + timedelta(MEASURES["baseline_from_days"])
    last = begins + timedelta(MEASURES["baseline_to_days"])
    days = (_on(one, zone) for one in found if one[1]["total"] is not None)
    return next((one for one in days if first <= one[0] <= last), None)


def _short(one: Watched, stay: Stay, at: datetime) -> bool:
    """Whether it was known to be short of hours."""
    word = next((word for since, word in reversed(one.words) if since <= at), None)
    return one.placement.stay == stay.id and word is not None and word[0] == "short"


def verdicts(way: Rule, facts: Facts) -> list[Verdict]:
    """Each rule of a way in its order."""
    return [_verdict(rule, facts) for rule in way["rules"]]


def _verdict(rule: Rule, facts: Facts) -> Verdict:
    if rule["figure"] in ("score", "score_change"):
        return _of_score(rule, facts)
    value, limits = VALUES[rule["figure"]](rule, facts), None
    if rule["figure"] == "attendance_percent" and value is not None:
        limits = _wilson(facts.figures["sessions_attended"], sessions(facts))
    return Verdict(rule["name"], value is not None and _fits(rule, value), value, limits)


def _of_score(rule: Rule, facts: Facts) -> Verdict:
    known = facts.scores.get(rule["instrument"])
    if known is None:
        return Verdict(rule["name"], met=False, value=None)
    answered, score = known
    value = score["total"]
    if rule["figure"] == "score_change":
        base = facts.baselines.get(rule["instrument"])
        same = base is not None and base[1]["instrument_version"] == score["instrument_version"]
        if base is None or base == known or not same or value is None:
            value = None
        else:
            value -= base[1]["total"]
    asked = rule["safety_item"]
    recent = (facts.today - answered).days <= rule["max_age_days"]
    safe = asked is None or score["safety_item"] == asked
    met = value is not None and _fits(rule, value) and recent and safe
    unsafe = asked is not None and score["safety_item"] == "positive"
    return Verdict(rule["name"], met, value, unsafe=unsafe)


def sessions(facts: Facts) -> int:
    """Sessions of the four weeks that count."""
    names = ("sessions_attended", "sessions_missed", "sessions_excused")
    return sum(facts.figures[name] for name in names) if facts.figures else 0


def _attendance(rule: Rule, facts: Facts) -> Fraction | None:
    least = rule["sessions"] or 1
    if sessions(facts) < least:
        return None
    return Fraction(100 * facts.figures["sessions_attended"], sessions(facts))


def _weeks_short(rule: Rule, facts: Facts) -> int:
    monday = facts.today - timedelta(facts.today.weekday())
    first = monday - timedelta(weeks=rule["weeks"])
    return sum(first <= one < monday for one in facts.short)


def _uses(rule: Rule, facts: Facts) -> int:
    first = facts.today - timedelta(rule["days"])
    return sum(first < day <= facts.today for day in facts.uses)


VALUES: dict[str, Callable[[Rule, Facts], Fraction | int | None]] = {
    "weeks_in_program": lambda _, facts: (facts.today - facts.enrolled).days // 7 + 1,
    "weeks_observed": lambda _, facts: facts.figures and facts.figures["weeks_observed"],
    "consecutive_missed": lambda _, facts: facts.figures and facts.figures["consecutive_missed"],
    "attendance_percent": _attendance,
    "short_weeks": _weeks_short,
    "open_risk_flags": lambda rule, facts: sum(
        rule["severity"] != "high" or one == "high" for one in facts.risks
    ),
    "use_reports": _uses,
    "open_goals": lambda *_: 0,
}
"""Nobody sets a goal in the year."""


def _wilson(part: int, whole: int) -> tuple[float, float]:
    """95 % limits of a share in percent, after Wilson."""
    share = part / whole
    middle, spread = share + Z * Z / (2 * whole), Z * Z / whole
    half = Z * math.sqrt((share * (1 - share) + spread / 4) / whole)
    low, high = ((middle + sign * half) / (1 + spread) for sign in (-1, 1))
    return round(100 * max(low, 0), 1), round(100 * min(high, 1), 1)


def _fits(rule: Rule, value: Fraction | int) -> bool:
    least, most = rule["at_least"], rule["at_most"]
    return (least is None or value >= least) and (most is None or value <= most)


def holds(rule: Rule, verdict: Verdict) -> bool:
    """Whether it still holds, within what it keeps, while a recommendation by it is open."""
    if verdict.unsafe:
        return False
    wider = rule if rule["keeps"] is None else dict(rule)
    if rule["keeps"] is not None:
        bound = "at_least" if rule["at_most"] is None else "at_most"
        wider |= {"at_least": None, "at_most": None, bound: rule["keeps"]}
    return verdict.value is None or _fits(wider, verdict.value)
