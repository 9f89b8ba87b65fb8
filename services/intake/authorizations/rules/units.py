"""Units of a day by its credited minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.intake.payers.policy import DayPayment
from shared import billing
from shared.billing import Service, UnitRule


@dataclass(frozen=True, slots=True)
class Day:
    """What a client received on one local date of the site."""

    on: date
    services: tuple[Service, ...]

    @property
    def minutes(self) -> int:
        return sum(one.minutes for one in self.services)


def units_of(rule: UnitRule, day: Day) -> int:
    """How many units a day is."""
    return billing.units_of(rule, day.services)


def tier_of(payment: DayPayment, services: int) -> str | None:
    """The rate of a day with so many services: the highest that it reaches, or None."""
    reached = [tier for tier in payment.tiers if tier.at_least <= services]
    return max(reached, key=lambda tier: tier.at_least).name if reached else None


def only_attended(days: Sequence[Day]) -> list[Day]:
    """The days on which something was attended, in order."""
    return sorted((day for day in days if day.services), key=lambda day: day.on)
