"""What an instrument says. Tuples, as a battery of eight instruments makes many of them."""

from typing import Literal, NamedTuple

from services.intake.screening.policy.parts import Sex as Sex
from shared.contracts.intake import RiskKind, RiskSeverity

Status = Literal["complete", "prorated", "incomplete"]
SafetyItem = Literal["negative", "positive", "unknown"]


class Subscore(NamedTuple):
    """A part that is scored on its own. `flagged` asks for a look at its items; it is no cut."""

    key: str
    total: int | None
    flagged: bool | None
    """None without a total, or where the instrument names no bound."""


class Result(NamedTuple):
    """What an instrument says. What the answers do not allow, or it does not know, is None."""

    status: Status
    """Of the total; without one, of all subscales and the level."""
    total: int | None
    band: str | None
    level: str | None
    """Level of risk, where the instrument has levels and no total."""
    positive: bool | None
    answered: int
    expected: int
    """Items that were to be asked."""
    raw: int | None
    """Sum of what was answered, before prorating."""
    scaled: int | None
    """The total on the scale that several instruments share."""
    subscores: tuple[Subscore, ...]
    safety_item: SafetyItem | None
    syndrome: str | None
    """Outcome of the diagnostic algorithm; separate from the sum."""
    notes: tuple[str, ...]
    alerts: tuple[tuple[RiskKind, RiskSeverity], ...]
    """What a clinician has to see at once, one of each kind."""

    @property
    def prorated(self) -> bool:
        """The total stands for missing answers too, and has to be shown so."""
        return self.status == "prorated"
