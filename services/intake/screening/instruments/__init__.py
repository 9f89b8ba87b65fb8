"""The instruments: data with a version and a source, read once and checked.

Items are numbered from 1 as in the instrument. Wording is not part of the data where a permission
is needed to show it.
"""

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.datafiles import read_all


class Part(BaseModel):
    """A part of an instrument's data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(Part):
    """One question: its key, its LOINC code if known, the values that an answer may have."""

    key: str
    text: str | None = None
    """The wording, where it may be shipped; else a site shows its own."""
    loinc: str | None
    values: tuple[int, ...]
    reversed: bool = False
    """The lowest answer scores highest."""


class Band(Part):
    """A symptom band, from a total on."""

    from_: int = Field(alias="from")
    name: str


class Skip(Part):
    """When all these items are zero, those others are legally not asked and score zero."""

    all_zero: tuple[int, ...]
    not_asked: tuple[int, ...]


class Syndrome(Part):
    """A diagnostic algorithm beside the sum: how many symptoms count, one of them cardinal."""

    cardinal: tuple[int, ...]
    symptom_from: int
    lenient_item: int
    lenient_from: int
    major_from: int
    other_from: int


class Contradiction(Part):
    """Items that cannot all be answered `no` truthfully."""

    all_zero: tuple[int, ...]


class Instrument(Part):
    """One version of an instrument and how it is scored."""

    id: str
    version: str
    title: str
    source: str
    licence: str
    loinc_panel: str
    loinc_total: str
    period: str
    occasions: tuple[Literal["intake", "follow_up"], ...]
    items: tuple[Item, ...]
    missing_allowed: int
    """Up to so many missing items the total is prorated."""
    bands: tuple[Band, ...]
    positive_from: dict[str, int]
    """By sex at birth, or `any`."""
    skips: tuple[Skip, ...] = ()
    safety_item: int | None = None
    single_source_item: int | None = None
    syndrome: Syndrome | None = None
    contradiction: Contradiction | None = None


@cache
def instruments() -> dict[tuple[str, str], Instrument]:
    """All known instruments by id and version."""
    found = read_all(Instrument, __package__, "instruments").values()
    return {(one.id, one.version): one for one in found}


instruments()  # read at once, so that data that cannot be read keep the service from starting
