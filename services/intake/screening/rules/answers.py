"""What can be answered: possible values, what is skipped, and what contradicts itself."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from operator import contains
from typing import Any, Literal

from services.intake.screening.policy import Instrument
from services.intake.screening.rules.prepared import NOT_ASKED as NOT_ASKED
from services.intake.screening.rules.prepared import Prepared, SkipTable, Test, prepare

Answer = int | None | Literal["not_asked"]


@dataclass(frozen=True, slots=True)
class Impossible:
    """An answer that the instrument does not know. `item` is its place, from 0 on."""

    item: int
    detail: str


def check(instrument: Instrument, answers: Sequence[Answer]) -> list[Impossible]:
    """What is impossible about these answers, one finding an item; empty when they can be scored.

    Answers are in the order of the items: a value, None when the item was not answered, `not_asked`
    when the instrument's own rule skips it. An answer is a plain number; True is no 1.
    """
    ready = prepare(instrument)
    if len(answers) != len(ready.possible):
        return [Impossible(0, f"{instrument.title} has {len(ready.possible)} items.")]
    known = [*map(contains, ready.possible, answers)]
    found: dict[int, str] = {}
    skipping = [skip for skip in ready.skips if holds(skip.tests, answers)]
    if not all(known):
        for place in range(len(known)):
            if not known[place] and (why := _refusal(ready, place, answers[place], skipping)):
                found[place] = why
    for skip in skipping:
        _find_answered(skip, answers, found)
    for place, other, because in ready.at_most:
        low, high = answers[place], answers[other]
        if isinstance(low, int) and isinstance(high, int) and low > high:
            found.setdefault(place, because)
    return [Impossible(place, found[place]) for place in sorted(found)] if found else []


def not_asked(instrument: Instrument, answers: Sequence[Answer]) -> frozenset[int]:
    """The places of items that need not be asked after these answers."""
    ready = prepare(instrument)
    return frozenset().union(*(skip.places for skip in ready.skips if holds(skip.tests, answers)))


def with_skips(instrument: Instrument, answers: Sequence[Answer]) -> list[Answer]:
    """The answers with `not_asked` wherever nothing was answered and nothing is to be asked."""
    skipped = not_asked(instrument, answers)
    return [
        NOT_ASKED if answer is None and place in skipped else answer
        for place, answer in enumerate(answers)
    ]


def holds(tests: Sequence[Test], answers: Sequence[Answer]) -> bool:
    """Whether all tests hold; a missing answer fulfils none."""
    return all(answers[place] in values for place, values in tests)


def _refusal(
    ready: Prepared, place: int, answer: Answer, skipping: Sequence[SkipTable]
) -> str | None:
    """Why an answer that is no value of its item does not stand; None if it is skipped."""
    if answer != NOT_ASKED:
        return f"Only {_words(ready.possible[place])} or null is possible here."
    if any(place in skip.places for skip in skipping):
        return None
    return "This item may not be skipped after these answers."


def _find_answered(skip: SkipTable, answers: Sequence[Answer], found: dict[int, str]) -> None:
    if not skip.refuses:
        return
    for place in skip.places:
        answer = answers[place]
        if isinstance(answer, int) and answer != skip.lowest.get(place):
            found.setdefault(place, "This item is not asked after these answers: send not_asked.")


def _words(possible: Set[Any]) -> str:
    """The values, a long row of them by its ends."""
    values = sorted(possible - {None})
    if len(values) > 6 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]} to {values[-1]}"
    return ", ".join(str(value) for value in values)
