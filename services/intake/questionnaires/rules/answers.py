"""Answers that are given bit by bit: what may be saved, and what has to be told at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.intake.risk.rules import Finding
from services.intake.screening.policy import Instrument
from services.intake.screening.rules import Answer, Impossible, Result, check, not_asked, score

NOT_ASKED: Final = "not_asked"
GRAVITY = {"moderate": 1, "high": 2}


@dataclass(frozen=True, slots=True)
class Settled:
    """Answers with what the instrument's own rule leaves out, and what is wrong with them."""

    answers: tuple[Answer, ...]
    """As they are kept: `not_asked` at every item that is left out, and nowhere else."""
    left_out: tuple[int, ...]
    """Places, from 0 on, that were answered although these answers leave them out."""
    impossible: tuple[Impossible, ...]


def settle(instrument: Instrument, given: Sequence[Answer]) -> Settled:
    """Hold answers against the instrument. An item left out is sent as null or `not_asked`.

    An answer that was given before an earlier one changed is not kept quietly: it is told as
    `left_out`, as nobody may score it.
    """
    if len(given) != len(instrument.items):
        wrong = Impossible(0, f"{instrument.title} has {len(instrument.items)} items.")
        return Settled(tuple(given), (), (wrong,))
    answers: list[Answer] = [None if answer == NOT_ASKED else answer for answer in given]
    while new := [n for n in not_asked(instrument, answers) if answers[n] != NOT_ASKED]:
        for place in new:
            answers[place] = NOT_ASKED
    asked = [
        Impossible(n, "This item is asked after these answers.")
        for n, answer in enumerate(given)
        if answer == NOT_ASKED and answers[n] != NOT_ASKED
    ]
    return Settled(
        answers=tuple(answers),
        left_out=tuple(
            n
            for n, answer in enumerate(given)
            if isinstance(answer, int) and answers[n] == NOT_ASKED
        ),
        impossible=(*asked, *check(instrument, answers)),
    )


def is_answered(answers: Iterable[Answer] | None) -> bool:
    """Whether anything was answered: what was not touched is no result, not even an open one."""
    return answers is not None and any(isinstance(answer, int) for answer in answers)


def findings(instrument: Instrument, result: Result) -> tuple[Finding, ...]:
    """What a clinician has to see at once, as the instrument's data say."""
    return tuple(Finding(kind, severity, instrument.id) for kind, severity in result.alerts)


def found_so_far(instrument: Instrument, answers: Sequence[Answer] | None) -> tuple[Finding, ...]:
    """What the answers given so far show, whatever is still open; nothing before the first.

    A level of risk that is undetermined only because the form is not at its end is none yet: it is
    told by what the answers given amount to at least, and in full by completion.
    """
    if answers is None or not is_answered(answers):
        return ()
    result = score(instrument, answers)
    if instrument.levels is not None and result.level == instrument.levels.undetermined:
        at_least = [
            item.values[0] if answer is None else answer
            for item, answer in zip(instrument.items, answers, strict=True)
        ]
        result = score(instrument, at_least)
    return findings(instrument, result)


def left_open(instrument: Instrument, answers: Sequence[Answer] | None) -> tuple[Finding, ...]:
    """What answers that nobody will complete show beyond what was told when they were saved.

    Their form is at its end, so that an undetermined level of risk is told as what it is.
    """
    if answers is None or not is_answered(answers):
        return ()
    return newly(
        found_so_far(instrument, answers), findings(instrument, score(instrument, answers))
    )


def newly(before: Iterable[Finding], now: Iterable[Finding]) -> tuple[Finding, ...]:
    """What is found now and was not, or less gravely, before.

    A form saves after each answer: a finding that a clinician has dealt with meanwhile is not
    raised again because another item was answered.
    """
    known: dict[str, int] = {}
    for one in before:
        known[one.kind] = max(known.get(one.kind, 0), GRAVITY[one.severity])
    return tuple(one for one in now if GRAVITY[one.severity] > known.get(one.kind, 0))
