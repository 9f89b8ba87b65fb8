"""What a report of risks means: findings, and preference in admission. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.intake.risk.rules import Finding
from shared.contracts.intake import PriorityPopulation, RiskKind, RiskSeverity

Known = Literal["yes", "no", "unknown"]
Withdrawal = Literal["none", "possible", "severe", "unknown"]
Harm = Literal["none", "possible", "imminent", "unknown"]

FOUND_IN = "risk-report"
RECENT = timedelta(days=30)
"""An overdose counts as recent for so many days, the thirtieth included."""

POSITIVE: Mapping[RiskKind, frozenset[str]] = {
    "pregnancy": frozenset({"yes"}),
    "recent_overdose": frozenset({"yes"}),
    "withdrawal_risk": frozenset({"possible", "severe"}),
    "harm_to_others": frozenset({"possible", "imminent"}),
}
"""The answers that raise a flag; the policy says how severe each is, and leaves none out."""
Severities = Mapping[RiskKind, Mapping[str, RiskSeverity]]
"""Kind → positive answer → severity, by the policy."""


@dataclass(frozen=True, slots=True)
class Told:
    """The answers of one report that can raise a flag; `overdose` is about the last 30 days."""

    pregnant: Known
    overdose: Known
    withdrawal: Withdrawal
    harm_to_others: Harm


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a client now, each from the latest report that knew it."""

    pregnant_on: date | None = None
    """Day of the report that said so; None for no and unknown."""
    injects_drugs: bool = False
    cares_for_minors: bool = False
    overdose_on: date | None = None


def is_recent(overdose_on: date, today: date) -> bool:
    """Whether an overdose lies within the last 30 days, by the calendar of the site.

    Day 30 counts, day 31 does not; a day ahead is none of the last.
    """
    return timedelta() <= today - overdose_on <= RECENT


def overdose_of(stated: Known, on: date | None, today: date) -> Known:
    """Whether there was an overdose within the last 30 days. A day that is told decides."""
    if on is None:
        return stated
    return "yes" if is_recent(on, today) else "no"


def contradicts(stated: Known, on: date | None, today: date) -> bool:
    """Whether yes or no was told beside a day that says otherwise."""
    return on is not None and stated not in ("unknown", overdose_of("unknown", on, today))


def findings(told: Told, severities: Severities) -> list[Finding]:
    """The risks that a report shows, however little else it says."""
    answers: dict[RiskKind, str] = {
        "pregnancy": told.pregnant,
        "recent_overdose": told.overdose,
        "withdrawal_risk": told.withdrawal,
        "harm_to_others": told.harm_to_others,
    }
    return [
        Finding(kind, severities[kind][answer], FOUND_IN)
        for kind, answer in answers.items()
        if answer in severities.get(kind, {})
    ]


def priority(facts: Facts, today: date, pregnancy_days: int) -> list[PriorityPopulation]:
    """The populations that a client belongs to, the one that goes first at the front.

    45 CFR 96.131(a): pregnant women who inject drugs, then pregnant women, then others who inject
    drugs, then everybody else. Of these three only the first that fits is named. 45 CFR 96.124(e)
    asks for services to women with dependent children; a recent overdose is a priority of this
    platform. Both come after the three. A pregnancy told more than `pregnancy_days` ago is over.
    """
    return list(_populations(facts, today, pregnancy_days))


def _populations(facts: Facts, today: date, pregnancy_days: int) -> Iterator[PriorityPopulation]:
    told = facts.pregnant_on
    pregnant = told is not None and (today - told).days <= pregnancy_days
    if pregnant and facts.injects_drugs:
        yield "pregnant_injecting"
    elif pregnant:
        yield "pregnant"
    elif facts.injects_drugs:
        yield "injecting"
    if facts.cares_for_minors:
        yield "parenting"
    if facts.overdose_on is not None and is_recent(facts.overdose_on, today):
        yield "recent_overdose"
