"""Wording: the texts in which a form asks. Shipped where the licence allows it, else a site's."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.intake.screening.policy import Instrument

MARKUP = re.compile(r"<[A-Za-z/!?]|&#?\w+;")
Source = Literal["site", "shipped", "missing"]


def plain(text: str) -> str:
    """Refuse markup, and characters that control or hide something; lines may end."""
    if any(unicodedata.category(c)[0] == "C" for c in text if c != "\n"):
        raise ValueError("Plain text has no control or invisible characters.")
    if MARKUP.search(text):
        raise ValueError("Plain text only: no markup.")
    return text


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=600),
    AfterValidator(plain),
]
LongText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(plain),
]
Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(plain),
]


class Words(BaseModel):
    """A part of a wording."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ItemWording(Words):
    """How one item asks."""

    text: Text = Field(
        description="The question.", examples=["How often do you have a drink containing alcohol?"]
    )
    labels: dict[int, Label] = Field(
        description="What each possible value means.",
        max_length=101,
        examples=[{"0": "Never", "1": "Monthly or less"}],
    )


class Wording(Words):
    """All texts of one version of an instrument in one language."""

    title: Label | None = Field(
        None, description="Heading; the instrument's name when absent.", examples=["AUDIT"]
    )
    introduction: LongText | None = Field(
        None, description="Read before the items.", examples=["Please answer for the past year."]
    )
    notice: LongText | None = Field(
        None,
        description="Copyright notice that has to stay with the wording.",
        examples=["© 2001 WHO"],
    )
    items: list[ItemWording] = Field(
        min_length=1, max_length=50, description="In the order of the instrument."
    )


class ShippedWording(Words):
    """A file of ours: what the instrument's own data do not say in one language."""

    instrument: str
    version: str
    language: str
    source: str
    title: Label | None = None
    introduction: LongText | None = None
    notice: LongText | None = None
    labels: dict[int, Label] = {}
    """For items to which the instrument's data give no labels."""


def shipped(
    instrument: Instrument, language: str, words: ShippedWording | None, most_choices: int
) -> Wording | None:
    """Our wording of an instrument; None where the licence does not let us ship it.

    An item whose text is null in the instrument's data says so. A long row of numbers without
    labels is asked by its numbers.
    """
    if language not in instrument.languages:
        return None
    items = []
    for item in instrument.items:
        if item.text is None:
            return None
        labels = item.labels
        if words is not None and not labels:
            labels = {value: words.labels[value] for value in item.values if value in words.labels}
        if not labels and len(item.values) > most_choices:
            labels = {value: str(value) for value in (item.values[0], item.values[-1])}
        items.append(ItemWording(text=item.text, labels=labels))
    if words is None:
        return Wording(introduction=instrument.stem, items=items)
    return Wording(
        title=words.title,
        introduction=words.introduction or instrument.stem,
        notice=words.notice,
        items=items,
    )


def gaps(instrument: Instrument, wording: Wording | None, most_choices: int) -> list[str]:
    """JSON pointers to what a form could not show; empty when the wording is complete.

    Of an item with more than `most_choices` values only the ends need a label, as it is asked as a
    number. A label of a value that the item does not have is a gap too: it belongs elsewhere.
    """
    if wording is None or len(wording.items) != len(instrument.items):
        return ["/items"]
    return [
        f"/items/{n}/labels"
        for n, (item, words) in enumerate(zip(instrument.items, wording.items, strict=True))
        if not _labelled(item.values, words.labels, most_choices)
    ]


def _labelled(values: Sequence[int], labels: Mapping[int, str], most_choices: int) -> bool:
    needed = set(values) if len(values) <= most_choices else {min(values), max(values)}
    return needed <= labels.keys() <= set(values)
