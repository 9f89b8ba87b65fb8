"""What can be answered: possible values, what is skipped, and what contradicts itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.intake.screening.policy import Instrument, Item
from services.intake.screening.policy.parts import Skip

NOT_ASKED: Final = "not_asked"
Answer = int | None | Literal["not_asked"]
ByNumber = Mapping[str, Answer]
"""Answers by the numbers of their items."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """An answer that the instrument does not know. `item` is its place, from 0 on."""

    item: int
    detail: str


def by_number(instrument: Instrument, answers: Sequence[Answer]) -> dict[str, Answer]:
    """The answers, which are in the order of the items, by the numbers of their items."""
    return dict(zip(instrument.numbers, answers, strict=True))


def check(instrument: Instrument, answers: Sequence[Answer]) -> list[Impossible]:
    """What is impossible about these answers, one finding an item; empty when they can be scored.

    Answers are in the order of the items: a value, None when the item was not answered, `not_asked`
    when the instrument's own rule skips it.
    """
    if len(answers) != len(instrument.items):
        return [Impossible(0, f"{instrument.title} has {len(instrument.items)} items.")]
    given = by_number(instrument, answers)
    skips = _skips(instrument, given)
    skipped = {number for skip in skips for number in skip.not_asked}
    found: dict[str, str] = {}
    for item, answer in zip(instrument.items, answers, strict=True):
        if answer == NOT_ASKED:
            if item.number not in skipped:
                found[item.number] = "This item may not be skipped after these answers."
        elif answer is not None and answer not in item.values:
            found[item.number] = f"Only {_words(item.values)} or null is possible here."
        elif skips and answer is not None and _is_refused(item, answer, skips):
            found[item.number] = "This item is not asked after these answers: send not_asked."
    for rule in instrument.consistency:
        low, high = given[rule.item], given[rule.at_most]
        if isinstance(low, int) and isinstance(high, int) and low > high:
            found.setdefault(rule.item, rule.because)
    return [Impossible(n, found[i]) for n, i in enumerate(instrument.numbers) if i in found]


def not_asked(instrument: Instrument, answers: Sequence[Answer]) -> frozenset[int]:
    """The places of items that need not be asked after these answers."""
    skips = _skips(instrument, by_number(instrument, answers))
    return frozenset(instrument.place(number) for skip in skips for number in skip.not_asked)


def with_skips(instrument: Instrument, answers: Sequence[Answer]) -> list[Answer]:
    """The answers with `not_asked` wherever nothing was answered and nothing is to be asked."""
    skipped = not_asked(instrument, answers)
    return [
        NOT_ASKED if answer is None and place in skipped else answer
        for place, answer in enumerate(answers)
    ]


def _skips(instrument: Instrument, given: ByNumber) -> list[Skip]:
    return [skip for skip in instrument.skips if all(c.holds(given) for c in skip.when)]


def _is_refused(item: Item, answer: int, skips: Sequence[Skip]) -> bool:
    """Whether an answer does not stand, as its item was not to be asked."""
    return any(
        item.number in skip.not_asked
        and (skip.answered == "refused" or (skip.answered == "lowest" and answer != item.values[0]))
        for skip in skips
    )


def _words(values: Sequence[int]) -> str:
    """The values, a long row of them by its ends."""
    if len(values) > 6 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]} to {values[-1]}"
    return ", ".join(str(value) for value in values)
