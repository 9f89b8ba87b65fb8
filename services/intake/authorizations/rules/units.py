"""Units of a day by its credited minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.intake.payers.policy import MINUTES, DayPayment, UnitRule


@dataclass(frozen=True, slots=True)
class Service:
    """A session that a client attended. `kind` is None where nobody told it."""

    kind: str | None
    minutes: int
    """Credited minutes, breaks not counted; above 0."""


@dataclass(frozen=True, slots=True)
class Day:
    """What a client received on one local date of the site."""

    on: date
    services: tuple[Service, ...]

    @property
    def minutes(self) -> int:
        return sum(one.minutes for one in self.services)


def units_of(rule: UnitRule, day: Day) -> int:
    """How many units a day is. A session of unknown kind counts where all kinds do."""
    minutes = [
        one.minutes
        for one in day.services
        if rule.session_kinds is None or one.kind in rule.session_kinds
    ]
    parts = minutes if rule.adds_up == "session" else [sum(minutes)]
    return sum(_units(rule, part) for part in parts)


def tier_of(payment: DayPayment, services: int) -> str | None:
    """The rate of a day with so many services: the highest that it reaches, or None."""
    reached = [tier for tier in payment.tiers if tier.at_least <= services]
    return max(reached, key=lambda tier: tier.at_least).name if reached else None


def _units(rule: UnitRule, minutes: int) -> int:
    if minutes < rule.minimum_minutes:
        return 0
    if rule.counts_from is None:
        return 1
    length = MINUTES[rule.unit]
    return (minutes + length - rule.counts_from) // length


def only_attended(days: Sequence[Day]) -> list[Day]:
    """The days on which something was attended, in order."""
    return sorted((day for day in days if day.services), key=lambda day: day.on)
