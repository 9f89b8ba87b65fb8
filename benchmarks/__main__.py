"""`make bench`: measure every claim against its floor, print the table, keep the figures.

    python -m benchmarks [NAME …]

All of them without a name, and then `benchmarks/latest.json` and the table in the documentation are
written anew. Exit code 1 when a goal is missed.
"""

import asyncio
import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.ground import servers
from benchmarks.measure import Row

NAMES = (
    "relay",
    "consumer",
    "api_write",
    "tracing",
    "chain",
    "stream",
    "screening",
    "scoring",
    "duplicates",
    "materializing",
    "attendance",
    "delivery",
    "weekly_plan",
    "placement",
    "recommendation",
    "board",
    "portal",
    "programs",
    "rebuild",
    "whole_stack",
)
LATEST = Path(__file__).with_name("latest.json")
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
MARK = "<!-- the table below is written by `make bench` -->"
HEADINGS = ("what", "value", "floor", "ratio", "goal", "")


def main(names: list[str]) -> int:
    """Run the named benchmarks one after the other; 0 when every goal is met."""
    console = Console()
    if unknown := sorted(set(names).difference(NAMES)):
        console.print(f"There is no benchmark {unknown[0]}: use {', '.join(NAMES)}.")
        return 2
    rows: list[Row] = []
    with progress(console) as bars:
        for name in names or NAMES:
            task = bars.add_task(name, total=1)
            rows += measured(name)
            bars.update(task, completed=1)
    console.print(table(rows))
    if not names:
        keep(rows)
    return 0 if all(row.met for row in rows) else 1


def measured(name: str) -> list[Row]:
    """The rows of one benchmark, on servers of its own, so that none inherits another's load."""
    run = importlib.import_module(f"benchmarks.{name}").run
    with servers() as stack:
        rows: list[Row] = asyncio.run(run(stack))
    return rows


def progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description:<14}"), TimeElapsedColumn(), console=console
    )


def table(rows: list[Row]) -> Table:
    """All rows as a terminal shows them."""
    made = Table(*HEADINGS, box=None, pad_edge=False)
    for row in rows:
        made.add_row(*cells(row))
    return made


def cells(row: Row) -> tuple[str, ...]:
    """A row as people read it, in the order of the headings."""
    sign = "≤" if row.better == "lower" else "≥"
    return (
        row.name,
        f"{row.value:,.6g} {row.unit}",
        "" if row.floor is None else f"{row.floor:,.6g} {row.unit}",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        f"{sign} {row.goal:g}" + (f" {row.unit}" if row.ratio is None else ""),
        "met" if row.met else "missed",
    )


def keep(rows: list[Row]) -> None:
    """Write the figures for machines and for readers."""
    LATEST.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n")
    above = PAGE.read_text().partition(MARK)[0]
    lines = [HEADINGS, ("---",) * len(HEADINGS), *map(cells, rows)]
    shown = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    machine = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    )
    PAGE.write_text(f"{above}{MARK}\n\n{machine}:\n\n{shown}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
