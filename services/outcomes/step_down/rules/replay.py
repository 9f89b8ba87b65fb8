"""What a policy would have recommended in a stay of the past, day by day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.outcomes.step_down.rules.choice import Open, choose
from services.outcomes.step_down.rules.figures import Facts, Figures, Goal, LatestScore, Risk
from services.outcomes.step_down.values import Policy
from shared.contracts.intake import RiskSeverity
from shared.contracts.outcomes import Decision, RecommendationKind

SMALLEST = 11
"""Counts of fewer people leave the clinic for nobody (CMS cell suppression policy)."""
CELLS = ("earlier", "later", "same_day", "only_former", "only_latter")


@dataclass(frozen=True, slots=True)
class Scored:
    """A score and the day on which it was entered."""

    instrument: str
    score: LatestScore
    known_on: date
    is_baseline: bool
    """It may be the baseline of the stay."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """A risk or a goal, from a day on until it was seen to."""

    kind: str
    """The severity of a risk, the kind of a goal."""
    from_on: date
    until_on: date | None
    ends_as: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a clinician decided."""

    kind: RecommendationKind
    decision: Decision
    on: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of a stay, each thing with the day from which it was known."""

    enrolled_on: date
    ended_on: date | None
    figures: Sequence[tuple[date, Figures]] = ()
    """In their order."""
    scores: Sequence[Scored] = ()
    """In the order in which they were answered."""
    short_weeks: Sequence[tuple[date, date]] = ()
    """Mondays, and when they were told."""
    risks: Sequence[Lasting] = ()
    uses: Sequence[tuple[date, date]] = ()
    """Days of use, and when they were reported."""
    goals: Sequence[Lasting] = ()
    decisions: Sequence[Decided] = field(default=())

    def days(self) -> list[date]:
        """The days of the stay on which something became known; time alone recommends nothing."""
        known = {self.enrolled_on, *(day for day, _ in self.figures)}
        known |= {one.known_on for one in self.scores} | {day for _, day in self.short_weeks}
        known |= {day for _, day in self.uses} | {one.on for one in self.decisions}
        for one in (*self.risks, *self.goals):
            known |= {one.from_on} | ({one.until_on} if one.until_on else set())
        known |= {one.until for one in self.decisions if one.until}
        last = self.ended_on or date.max
        return sorted(day for day in known if self.enrolled_on <= day <= last)

    def on(self, day: date) -> Facts:
        """The facts as they were known at the end of a day."""
        scores = [one for one in self.scores if one.known_on <= day]
        first = {one.instrument: one.score for one in reversed(scores) if one.is_baseline}
        return Facts(
            today=day,
            enrolled_on=self.enrolled_on,
            figures=next((known for on, known in reversed(self.figures) if on <= day), None),
            scores={one.instrument: one.score for one in scores},
            baselines=first,
            short_weeks=[monday for monday, told_on in self.short_weeks if told_on <= day],
            risks=[Risk(_severity(r.kind), r.from_on) for r in _lasting(self.risks, day)],
            uses=[used_on for used_on, told_on in self.uses if told_on <= day],
            goals=[
                Goal(g.kind, "open", g.from_on)
                if g.until_on is None or g.until_on > day
                else Goal(g.kind, g.ends_as, g.until_on)
                for g in self.goals
                if g.from_on <= day
            ],
        )


def replay(policy: Policy, history: History) -> dict[RecommendationKind, date]:
    """On which day each kind would have been recommended first, with the decisions that were made
    taken on what was open then."""
    first: dict[RecommendationKind, date] = {}
    known: Open | None = None
    paused: dict[RecommendationKind, date] = {}
    for day in history.days():
        for decided in history.decisions:
            if decided.on == day and known is not None and known.kind == decided.kind:
                if decided.kind == "step_down" and decided.decision == "accept":
                    return first
                known = None
                paused[decided.kind] = decided.until or day + _pause(policy, decided.decision)
        closed = {kind for kind, until in paused.items() if day < until}
        choice = choose(policy, history.on(day), known, closed)
        if choice.withdraw and known is not None:
            paused[known.kind] = day + timedelta(days=policy.pause_days.withdrawn)
            known = None
        if choice.make:
            known = Open(choice.make.kind, {c.name for c in choice.make.criteria if c.met})
            first.setdefault(choice.make.kind, day)
    return first


def suppressed(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Counts as they may leave the clinic: none below eleven, and none from which such a one could
    be reckoned. The parts are shown together or not at all."""
    shown: dict[str, int | None] = dict(counts)
    for name in ("former", "latter"):
        if _small(counts[name]):
            shown[name] = None
    if any(_small(counts[name]) for name in CELLS):
        shown |= dict.fromkeys((*CELLS, "median_days"))
    decided = counts["decided"]
    agreed = [counts[name] for name in ("agreed_former", "agreed_latter")]
    if any(_small(n) or _small(decided - n) for n in agreed):
        shown |= dict.fromkeys(("agreed_former", "agreed_latter"))
    if _small(decided):
        shown["decided"] = None
    return shown


def _small(count: int) -> bool:
    return count < SMALLEST


def _pause(policy: Policy, decision: Decision) -> timedelta:
    pause = policy.pause_days
    return timedelta(days=pause.accepted if decision == "accept" else pause.declined)


def _lasting(some: Iterable[Lasting], day: date) -> list[Lasting]:
    return [
        one for one in some if one.from_on <= day and (one.until_on is None or one.until_on > day)
    ]


def _severity(word: str) -> RiskSeverity:
    return "high" if word == "high" else "moderate"
