"""One version of an instrument: what it asks, what can be answered, and how that is scored."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from services.intake.screening.policy.parts import (
    Alert,
    AtMost,
    Band,
    Item,
    Levels,
    Note,
    Number,
    Part,
    Rise,
    Scale,
    Skip,
    Subscale,
    Syndrome,
    Total,
    Word,
)

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class Definition(Part):
    """What the data of one version of an instrument hold; whether that is sound is not said."""

    id: Word = Field(examples=["phq-9"])
    version: str = Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){0,3}$", examples=["1.0"])
    """Of this definition: raised when the same answers could score differently."""
    title: str = Field(examples=["PHQ-9"])
    measures: str = Field(examples=["Symptoms of depression"])
    edition: str = Field(examples=["PHQ-9 of 2001"])
    """Which form it is, where there are several."""
    source: str
    """Where items, scoring and cut points come from."""
    licence: str
    wording: Literal["included", "from_site"]
    """`from_site`: the words of the items need a permission, so a site shows its own."""
    languages: tuple[Language, ...] = Field(examples=[["en"]])
    """Languages of the wording that is included (BCP 47); empty when it comes from the site."""
    loinc_panel: str | None = Field(None, examples=["44249-1"])
    loinc_total: str | None = Field(None, examples=["44261-6"])
    """Of the total, or of the level where there is no total."""
    stem: str | None = None
    """The words before every item, where they may be shipped."""
    period: str = Field(examples=["past 2 weeks"])
    looks_back_days: int = Field(ge=0, examples=[14])
    """How many days the questions look back; 0 when they ask about now."""
    occasions: tuple[Literal["intake", "follow_up"], ...] = Field(min_length=1)
    modes: tuple[Literal["self", "interviewer", "phone"], ...] = Field(min_length=1)
    """Who may ask: a client by itself, an interviewer, an interviewer by telephone."""
    items: tuple[Item, ...] = Field(min_length=1)
    skips: tuple[Skip, ...] = ()
    consistency: tuple[AtMost, ...] = ()
    total: Total | None = None
    """Null where an instrument has no total."""
    bands: tuple[Band, ...] = ()
    positive_from: dict[Literal["any", "female", "male", "unknown"], int] = Field(default={})
    """Cut of a positive screen by sex at birth, or for `any`; empty where there is no cut."""
    subscales: tuple[Subscale, ...] = ()
    levels: Levels | None = None
    syndrome: Syndrome | None = None
    safety_item: Number | None = None
    """The item that tells by itself, whatever the total, and is asked where it is missing."""
    alerts: tuple[Alert, ...] = ()
    notes: tuple[Note, ...] = ()
    scale: Scale | None = None
    rise: Rise | None = None

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The numbers of the items, in the order of the answers."""
        return tuple(item.number for item in self.items)

    def place(self, number: str) -> int:
        """Where an item stands among the answers, from 0 on."""
        return self.numbers.index(number)

    def label_of(self, band: str | None) -> str | None:
        """A band as it is shown."""
        return next((one.label for one in self.bands if one.name == band), None)
