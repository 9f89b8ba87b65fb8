"""Scoring a full battery: the eight instruments of an intake, through the scorer of every request.

Each battery is another one, with missing and skipped answers in some, and each instrument is scored
anew, by reading its definition. The time is that of the process on one core; no server is asked.
"""

import gc
import statistics
import time
from collections.abc import Callable
from random import Random

from benchmarks.measure import Row
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.rules import Answer, check, score, with_skips
from stepwell.runtime.disposable import Stack

BATTERY = ("phq-9", "gad-7", "audit", "dast-10", "pc-ptsd-5", "c-ssrs", "bam", "barc-10")
BATTERIES = 2_000
ROUNDS = 7
MISSING = 0.02
"""Share of answers that were not given."""
GOAL = 5_000.0

Sheet = tuple[Instrument, list[Answer]]


async def run(stack: Stack) -> list[Row]:
    """Batteries a second on one core: scored, and checked and scored as a request does."""
    sheets = batteries(Random(20260302))
    return [
        row("score full batteries", sheets, _score),
        row("check and score full batteries", sheets, _check_and_score),
    ]


def row(name: str, sheets: list[list[Sheet]], work: Callable[[list[list[Sheet]]], None]) -> Row:
    """The median of some rounds after one that does not count."""
    rates = [len(sheets) / _seconds(work, sheets) for _ in range(ROUNDS + 1)][1:]
    return Row(name, round(statistics.median(rates)), "batteries/s", None, None, GOAL, "higher")


def batteries(random: Random) -> list[list[Sheet]]:
    """Different batteries, each with answers that can be scored."""
    return [
        [_sheet(instruments()[name, "1.0"], random) for name in BATTERY] for _ in range(BATTERIES)
    ]


def _sheet(one: Instrument, random: Random) -> Sheet:
    while True:
        row: list[Answer] = [
            None if random.random() < MISSING else random.choice(item.values) for item in one.items
        ]
        for wrong in check(one, row):
            row[wrong.item] = None
        if not check(one, row := with_skips(one, row)):
            return one, row


def _seconds(work: Callable[[list[list[Sheet]]], None], sheets: list[list[Sheet]]) -> float:
    gc.collect()
    started = time.process_time()
    work(sheets)
    return time.process_time() - started


def _score(sheets: list[list[Sheet]]) -> None:
    for battery in sheets:
        for one, answers in battery:
            score(one, answers, "female")


def _check_and_score(sheets: list[list[Sheet]]) -> None:
    for battery in sheets:
        for one, answers in battery:
            if not check(one, answers):
                score(one, answers, "female")
