"""What a rule looks at: a client's facts on a day, and the figures that come of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import partial

from services.outcomes.programs.rules.proportion import wilson
from services.outcomes.step_down.values import Figure, Rule
from shared.calendar import weeks_spanned
from shared.contracts.intake import RiskSeverity


@dataclass(frozen=True, slots=True)
class Figures:
    """The engagement figures of a client."""

    weeks_observed: int
    attended: int
    missed: int
    excused: int
    consecutive_missed: int
    until: date | None = None
    """The day of the latest session."""

    @property
    def sessions(self) -> int:
        return self.attended + self.missed + self.excused


@dataclass(frozen=True, slots=True)
class LatestScore:
    """A result of an instrument."""

    total: int | None
    status: str
    safety_item: str | None
    answered_on: date
    version: str = "1.0"
    """Of the instrument."""
    subscores: Mapping[str, int | None] = field(default_factory=dict)

    def value(self, rule: Rule) -> int | None:
        """The score that a rule is about."""
        return self.total if rule.subscale is None else self.subscores.get(rule.subscale)


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk that nobody has taken charge of."""

    severity: RiskSeverity
    raised_on: date


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of the stay."""

    kind: str
    state: str
    on: date
    """When it was set, or met."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a client in the program on a day."""

    today: date
    enrolled_on: date
    figures: Figures | None = None
    scores: Mapping[str, LatestScore] = field(default_factory=dict)
    baselines: Mapping[str, LatestScore] = field(default_factory=dict)
    short_weeks: Sequence[date] = ()
    """Their Mondays."""
    risks: Sequence[Risk] = ()
    uses: Sequence[date] = ()
    """The days of a return to use that was reported."""
    goals: Sequence[Goal] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """A figure: its value, None where it is not known, and what it came from."""

    value: Fraction | int | None
    observed: str
    inputs: Mapping[str, int] = field(default_factory=dict)
    as_of: date | None = None
    limits: tuple[float, float] | None = None


def look(rule: Rule, facts: Facts) -> Looked:
    """The figure that a rule is about, on the day of the facts."""
    return LOOKS[rule.figure](rule, facts)


def _weeks_in_program(_: Rule, facts: Facts) -> Looked:
    weeks = weeks_spanned(facts.enrolled_on, facts.today)
    return Looked(weeks, f"week {weeks}", {"weeks": weeks}, facts.today)


def _weeks_observed(_: Rule, facts: Facts) -> Looked:
    if (known := _sessions(facts)) is None:
        return NO_SESSION
    weeks = known.weeks_observed
    return Looked(weeks, f"{weeks} weeks", {"weeks": weeks}, known.until)


def _attendance_percent(rule: Rule, facts: Facts) -> Looked:
    if (known := _sessions(facts)) is None:
        return NO_SESSION
    attended, sessions = known.attended, known.sessions
    inputs = {"attended": attended, "excused": known.excused, "sessions": sessions}
    if rule.sessions is not None and sessions < rule.sessions:
        return Looked(None, f"{attended} of {sessions} sessions, too few", inputs, known.until)
    percent = Fraction(100 * attended, sessions)
    observed = f"{float(percent):.1f} % ({attended} of {sessions} sessions)"
    low, high = wilson(attended, sessions)
    return Looked(percent, observed, inputs, known.until, (100 * low, 100 * high))


def _consecutive_missed(_: Rule, facts: Facts) -> Looked:
    if (known := _sessions(facts)) is None:
        return NO_SESSION
    missed = known.consecutive_missed
    return Looked(missed, f"{missed} missed in a row", {"missed": missed}, known.until)


def _short_weeks(rule: Rule, facts: Facts) -> Looked:
    weeks = rule.window
    this_week = facts.today - timedelta(days=facts.today.weekday())
    short = [day for day in facts.short_weeks if this_week > day >= this_week - weeks * WEEK]
    observed = f"{len(short)} of the latest {weeks} weeks short of hours"
    return Looked(len(short), observed, {"short": len(short)}, max(short, default=None))


def _score(rule: Rule, facts: Facts) -> Looked:
    known = facts.scores.get(rule.measure)
    if known is None:
        return NEVER_MEASURED
    days = (facts.today - known.answered_on).days
    observed = f"{known.status}, {days} days old"
    value = known.value(rule)
    if value is not None:
        observed = f"{value} ({observed})"
    if rule.safety_item:
        observed += f", safety item {known.safety_item or 'unknown'}"
    return Looked(value, observed, _of_score(rule, value, days), known.answered_on)


def _score_change(rule: Rule, facts: Facts) -> Looked:
    known = facts.scores.get(rule.measure)
    base = facts.baselines.get(rule.measure)
    if known is None:
        return NEVER_MEASURED
    days = (facts.today - known.answered_on).days
    if base is None or base == known:
        return Looked(None, "measured once, or without a baseline", as_of=known.answered_on)
    before, value = base.value(rule), known.value(rule)
    if base.version != known.version or before is None or value is None:
        return Looked(None, f"not comparable, {days} days old", as_of=known.answered_on)
    change = value - before
    observed = f"{change:+d} (from {before} to {value}, {days} days old)"
    inputs = _of_score(rule, value, days) | {"baseline": before}
    return Looked(change, observed, inputs, known.answered_on)


def _open_risk_flags(rule: Rule, facts: Facts) -> Looked:
    risks = [one for one in facts.risks if rule.severity in (None, "moderate", one.severity)]
    days = [one.raised_on for one in risks]
    return Looked(len(risks), f"{len(risks)} open", {"open": len(risks)}, max(days, default=None))


def _use_reports(rule: Rule, facts: Facts) -> Looked:
    since = facts.today - timedelta(days=rule.window)
    uses = [day for day in facts.uses if since < day <= facts.today]
    observed = f"{len(uses)} in {rule.days} days"
    return Looked(len(uses), observed, {"reports": len(uses)}, max(uses, default=None))


def _goals(rule: Rule, facts: Facts, state: str) -> Looked:
    found = [g.on for g in facts.goals if g.state == state and rule.goals in (None, g.kind)]
    number = len(found)
    return Looked(number, f"{number} {state}", {state: number}, max(found, default=None))


def _sessions(facts: Facts) -> Figures | None:
    return facts.figures if facts.figures is not None and facts.figures.sessions else None


def _of_score(rule: Rule, value: int | None, days: int) -> dict[str, int]:
    named = {} if value is None else {rule.subscale or "total": value}
    return {**named, "days_old": days}


WEEK = timedelta(weeks=1)
NO_SESSION = Looked(None, "no session yet")
NEVER_MEASURED = Looked(None, "never measured")
LOOKS: dict[Figure, Callable[[Rule, Facts], Looked]] = {
    "weeks_in_program": _weeks_in_program,
    "weeks_observed": _weeks_observed,
    "attendance_percent": _attendance_percent,
    "consecutive_missed": _consecutive_missed,
    "short_weeks": _short_weeks,
    "score": _score,
    "score_change": _score_change,
    "open_risk_flags": _open_risk_flags,
    "use_reports": _use_reports,
    "open_goals": partial(_goals, state="open"),
    "met_goals": partial(_goals, state="met"),
}
