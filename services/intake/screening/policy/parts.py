"""The parts of a definition. Items are named by their number as printed on the form."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.contracts.intake import RiskKind, RiskSeverity, Token

Sex = Literal["female", "male", "unknown"]


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _spread(value: Any) -> Any:
    """`0..30` stands for each whole number from 0 to 30."""
    if isinstance(value, str):
        low, dots, high = value.partition("..")
        if dots and low.isdigit() and high.isdigit():
            return tuple(range(int(low), int(high) + 1))
    return value


Word = Token
"""A word for programs: in lower case, without blanks."""
Number = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(pattern=r"^[0-9A-Za-z]{1,12}$", description="An item's number on the form, as `7A`."),
]
Values = Annotated[tuple[int, ...], BeforeValidator(_spread)]


class Part(BaseModel):
    """A part of an instrument's data."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Item(Part):
    """One question."""

    number: Number
    key: Word
    """What it asks about, as a word for programs."""
    text: str | None = None
    """The wording, where it may be shipped; else a site shows its own."""
    loinc: str | None = None
    """Its LOINC code; null where none is known."""
    values: Annotated[Values, Field(min_length=2)]
    """The answers that it can have, ascending. In a data file `0..30` stands for a range."""
    labels: dict[int, str] = {}
    """What each answer is called, where that may be shipped."""
    reversed: bool = False
    """The lowest answer scores highest."""

    def points(self, answer: int) -> int:
        """What an answer adds to a sum: from the lowest value to the highest, either way."""
        return self.values[0] + self.values[-1] - answer if self.reversed else answer


class Condition(Part):
    """The answer to one item is one of some values; a missing answer never is."""

    item: Number
    from_: int | None = Field(None, alias="from")
    """This answer or a higher one."""
    up_to: int | None = None
    """This answer or a lower one."""
    is_: tuple[int, ...] | None = Field(None, alias="is")
    """One of these answers."""

    def holds(self, answers: Mapping[str, Any]) -> bool:
        """Whether the answers, by the numbers of their items, fulfil it."""
        answer = answers[self.item]
        return isinstance(answer, int) and self.takes(answer)

    def takes(self, answer: int) -> bool:
        """Whether an answer to its item fulfils it."""
        return (
            (self.from_ is None or answer >= self.from_)
            and (self.up_to is None or answer <= self.up_to)
            and (self.is_ is None or answer in self.is_)
        )


class Skip(Part):
    """After some answers other items are not asked: they are answered `not_asked`."""

    when: tuple[Condition, ...] = Field(min_length=1)
    """All of these."""
    not_asked: tuple[Number, ...] = Field(min_length=1)
    answered: Literal["kept", "lowest", "refused"]
    """What becomes of an answer that was given all the same: it counts, it must be the lowest one,
    or there must be none."""


class AtMost(Part):
    """The answer to one item cannot be higher than that to another."""

    item: Number
    at_most: Number
    because: str


class FewMissing(Part):
    """So many of these items may be missing where a total is prorated."""

    items: tuple[Number, ...] = Field(min_length=1)
    missing_allowed: int = Field(ge=0)


class Total(Part):
    """The sum of all points, prorated where few answers are missing."""

    items: tuple[Number, ...] = Field(min_length=1)
    requires: tuple[Number, ...] = ()
    """Items outside the sum without whose answer nothing is scored."""
    missing_allowed: int = Field(0, ge=0)
    """Up to so many missing items the total is prorated to all items, halves rounded up."""
    missing_within: tuple[FewMissing, ...] = ()
    """Narrower bounds for some of the items."""


class Flag(Part):
    """From where on a subscale asks for a look at its items. Exactly one of the two."""

    from_: int | None = Field(None, alias="from")
    up_to: int | None = None

    def asks(self, total: int) -> bool:
        """Whether a total asks for a look."""
        return (self.from_ is None or total >= self.from_) and (
            self.up_to is None or total <= self.up_to
        )


class Subscale(Part):
    """A part that is scored on its own; without one of its answers it has no total."""

    key: Word
    title: str
    items: tuple[Number, ...] = Field(min_length=1)
    higher_is_better: bool = False
    flag: Flag | None = None


class Band(Part):
    """A band of the total, from a value on."""

    from_: int = Field(alias="from")
    name: Word
    label: str
    """As it is shown."""


class Counted(Part):
    """So many of these items count as symptoms."""

    items: tuple[Number, ...] = Field(min_length=1)
    count: int = Field(ge=1)


class Outcome(Part):
    """What the diagnostic algorithm finds when all of these hold."""

    outcome: Word
    at_least: tuple[Counted, ...] = Field(min_length=1)


class SymptomFrom(Part):
    """An item that counts as a symptom from another answer on than the others."""

    item: Number
    from_: int = Field(alias="from")


class Syndrome(Part):
    """A diagnostic algorithm beside the sum: which symptoms are there, and how many."""

    source: str
    symptom_from: int
    """An item with this answer or a higher one counts as a symptom."""
    exceptions: tuple[SymptomFrom, ...] = ()
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    """The first that holds is found."""
    otherwise: Word
    missing: Literal["leaves_open", "not_a_symptom"]
    """What a missing answer means; one that counts as no symptom is told by a note."""


class RiskLevel(Part):
    """A level of risk; it holds when one of the conditions does."""

    level: Word
    any_of: tuple[Condition, ...] = ()
    """Empty for the last level, which is left when none of the others holds."""


class Levels(Part):
    """Levels of risk, the gravest first. No sum: each answer speaks for itself.

    The gravest holds as soon as one answer gives it. Every other one needs an answer to each item
    that was to be asked; without it the level is that of `undetermined`.
    """

    order: tuple[RiskLevel, ...] = Field(min_length=2)
    undetermined: Word


class Alert(Part):
    """Something a clinician has to see at once. Of one kind only the first that holds is told.

    Exactly one of `when` and `level`.
    """

    kind: RiskKind
    severity: RiskSeverity
    when: Condition | None = None
    level: Word | None = None


class Note(Part):
    """A word for whoever reads the result, told when all of these hold."""

    note: Word
    text: str
    """What it means, as it is shown."""
    all_of: tuple[Condition, ...] = Field(min_length=1)


class Scale(Part):
    """How a total is brought to a scale that several instruments share; raw totals never are."""

    name: Word
    factor: int = Field(ge=1)


class Rise(Part):
    """A note for a scaled total that lies so far above the client's own median of the days before.

    All instruments of the same scale count for the median.
    """

    note: Word
    text: str
    points: int = Field(ge=1)
    """On the shared scale."""
    over_days: int = Field(ge=1)
