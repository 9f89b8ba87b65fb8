"""What a unit of a billing code is, for whoever grants, plans or counts them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.contracts.scheduling import SessionKind
from shared.datafiles import Part

MINUTES = {"hour": 60, "15_min": 15}


class UnitRule(Part):
    """How many units the credited minutes of a day are; as in AuthorizationChanged."""

    unit: Literal["per_diem", "hour", "15_min"]
    minimum_minutes: int = Field(ge=1, le=1440)
    """Credited minutes below which nothing is billed."""
    counts_from: int | None = None
    """Minutes of a unit begun from which it counts: 8 of 15 is Medicare's rule, 1 rounds up, the
    whole length rounds down. None for a per-diem code."""
    adds_up: Literal["day", "session"] = "day"
    """What the minimum and the rounding are held against."""
    session_kinds: tuple[SessionKind, ...] | None = None
    """The kinds of session that count; None for all."""

    @model_validator(mode="after")
    def fits_the_unit(self) -> Self:
        length = MINUTES.get(self.unit)
        if (length is None) != (self.counts_from is None):
            raise ValueError("counts_from goes with units of time, and with these only.")
        if length is not None and not 1 <= (self.counts_from or 0) <= length:
            raise ValueError(f"counts_from lies between 1 and {length}.")
        if length is None and self.adds_up == "session":
            raise ValueError("A per-diem code adds up over the day.")
        return self


@dataclass(frozen=True, slots=True)
class Service:
    """A session of a client with its credited or planned minutes, breaks not counted. `kind` is
    None where nobody told it."""

    kind: str | None
    minutes: int


def counting(rule: UnitRule, services: Iterable[Service]) -> list[Service]:
    """The services of which the rule takes the minutes. One of unknown kind counts where all kinds
    do."""
    return [one for one in services if rule.session_kinds is None or one.kind in rule.session_kinds]


def units_of(rule: UnitRule, services: Iterable[Service]) -> int:
    """How many units the services of one day are."""
    minutes = [one.minutes for one in counting(rule, services)]
    parts = minutes if rule.adds_up == "session" else [sum(minutes)]
    return sum(_units(rule, part) for part in parts)


def _units(rule: UnitRule, minutes: int) -> int:
    if minutes < rule.minimum_minutes:
        return 0
    if rule.counts_from is None:
        return 1
    length = MINUTES[rule.unit]
    return (minutes + length - rule.counts_from) // length
