"""A claim's row, and how two ways of doing the same work are timed against each other."""

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is value / floor; `goal` bounds the ratio, or the value where
    there is no floor."""

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    goal: float
    better: Literal["lower", "higher"]

    @property
    def met(self) -> bool:
        measured = self.value if self.ratio is None else self.ratio
        return measured <= self.goal if self.better == "lower" else measured >= self.goal

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def against_floor(
    name: str, values: list[float], floors: list[float], unit: str, goal: float, better: str
) -> Row:
    """A row from paired runs: the ratio is the median of the pairs' ratios."""
    ratios = [value / floor for value, floor in zip(values, floors, strict=True)]
    return Row(
        name,
        round(statistics.median(values), 3),
        unit,
        round(statistics.median(floors), 3),
        round(statistics.median(ratios), 3),
        goal,
        better,  # type: ignore[arg-type]  # one of the two words
    )


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    """How long `work` takes, without a garbage collection that an earlier run left over."""
    gc.collect()
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def in_turn(
    ours: Callable[[], Awaitable[float]],
    floor: Callable[[], Awaitable[float]],
    rounds: int = ROUNDS,
) -> tuple[list[float], list[float]]:
    """Measure both in turn, after one round that does not count; order changes every round."""
    values: list[float] = []
    floors: list[float] = []
    for number in range(rounds + 1):
        pair = [(ours, values), (floor, floors)]
        for measure, into in pair if number % 2 else reversed(pair):
            measured = await measure()
            if number:
                into.append(measured)
            await asyncio.sleep(0)
    return values, floors


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
