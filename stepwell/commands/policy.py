"""`stepwell policy`: check a policy, and see what a changed one would have come to.

Policies of levels of care, and those by which a lower or a higher level is recommended.

Exit codes: 0 the file can be used (whatever would change); 1 it cannot, or a service refused; 2
there is no such file; 3 no system runs here.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from stepwell.commands.policy_replay import compare
from stepwell.operator import Operator
from stepwell.runtime.problem import CHECK_FAILED, WRONG_USE, Problem

app = typer.Typer(no_args_is_help=True, help=__doc__)

REPLAY = "/level-of-care-policies/replay"
CASES_A_PART = 500
EVALUATION = "evaluation"
"""How the tables name cases that need an evaluation before a level is told."""
OUTCOMES = ("stays", "undecidable")

LEVEL_OF_CARE = "services.intake.level_of_care"
RECOMMENDATIONS = "services.outcomes.step_down"
File = Annotated[Path, typer.Argument(help="A policy in YAML or JSON.")]


@app.command("check")
def check_policy(file: File) -> None:
    """Say whether FILE can be used: one line `file:line: reason` when not, and exit code 1."""
    if file.is_file() and re.search(r"""^\W*from_level\W""", file.read_text("utf-8"), re.M):
        policy = read(file, RECOMMENDATIONS)
        told = f"{policy['id']} {policy['version']} for level {policy['from_level']}"
        typer.echo(f"{file} can be used: {told}.")
        return
    policy = read(file)
    levels = ", ".join(level["level"] for level in policy["levels"])
    typer.echo(
        f"{file} can be used: {policy['id']} {policy['version']} for edition {policy['edition']}, "
        f"levels {levels}."
    )


@app.command("replay")
def replay_policy(
    file: File,
    new: Annotated[
        Path | None,
        typer.Argument(help="Of recommendations: the version that FILE is compared with."),
    ] = None,
    site: Annotated[
        list[UUID] | None, typer.Option("--site", help="Of this site only; may be repeated.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="Show this many of those who move.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line for each who moves, and one with the sums.")
    ] = False,
) -> None:
    """Run FILE over past decisions and show who would come to another level; or compare FILE with
    NEW, two policies of recommendations, over the stays of the past. Nobody is moved by it."""
    if new is not None:
        compare(read(file, RECOMMENDATIONS), read(new, RECOMMENDATIONS), site, show, as_json)
        return
    policy = read(file)
    operator = Operator(role="regional_operations")
    sites: list[UUID | None] = [*site] if site else [None]
    parts = (part for one in sites for part in _parts(operator, policy, one))
    sums: Counter[str] = Counter(dict.fromkeys(("replayed", *OUTCOMES, "moves"), 0))
    ways: Counter[tuple[str, str]] = Counter()
    first: list[dict[str, Any]] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Replaying", total=0)
        for part in parts:
            if part["total"] is not None:
                progress.update(bar, total=(progress.tasks[0].total or 0) + part["total"])
            progress.advance(bar, part["replayed"])
            sums.update({name: part[name] for name in ("replayed", *OUTCOMES)})
            sums["moves"] += len(part["items"])
            for moved in part["items"]:
                ways[_level(moved["level_then"]), _level(moved["level_now"])] += 1
                if as_json:
                    typer.echo(json.dumps(moved))
                elif len(first) < show:
                    first.append(moved)
    if as_json:
        told = [{"from": a, "to": b, "cases": n} for (a, b), n in sorted(ways.items())]
        typer.echo(json.dumps({"summary": dict(sums), "moves": told}))
        return
    _print(policy, sums, ways, first)


def read(file: Path, checker: str = LEVEL_OF_CARE) -> dict[str, Any]:
    """The policy of a file, checked as the service checks those it starts with.

    Raises:
        Problem: in one line: file, line and reason.
    """
    if not file.is_file():
        raise Problem(f"There is no file {file}: name a policy.", exit_code=WRONG_USE)
    checked = subprocess.run(  # noqa: S603 - our own interpreter and module; the file is an argument
        [sys.executable, "-m", checker, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if checked.returncode != 0:
        lines = checked.stderr.strip().splitlines() or ["the check gave no reason"]
        raise Problem(lines[-1], exit_code=CHECK_FAILED)
    policy: dict[str, Any] = json.loads(checked.stdout)
    return policy


def _parts(
    operator: Operator, policy: dict[str, Any], site: UUID | None
) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        part = operator.post(
            "intake",
            REPLAY,
            policy,
            cursor=cursor,
            limit=CASES_A_PART,
            site_id=None if site is None else str(site),
        )
        yield part
        cursor = part["next"]
        if cursor is None:
            return


def _level(level: str | None) -> str:
    return level or EVALUATION


def _print(
    policy: dict[str, Any],
    sums: Counter[str],
    ways: Counter[tuple[str, str]],
    first: list[dict[str, Any]],
) -> None:
    console = Console()
    if first:
        table = Table(title="Who would move")
        for heading in ("client", "decision", "determined at", "then", "now", "dimensions"):
            table.add_column(heading, overflow="fold")
        for moved in first:
            table.add_row(
                moved["client_id"],
                moved["determination_id"],
                moved["determined_at"][:10],
                _level(moved["level_then"]),
                _level(moved["level_now"]),
                ", ".join(moved["deciding"]) or "-",
            )
        console.print(table)
        if sums["moves"] > len(first):
            typer.echo(f"... and {sums['moves'] - len(first)} more: use --show or --json.")
        console.print(_matrix(policy, ways))
    typer.echo(
        f"By {policy['id']} {policy['version']}, of {sums['replayed']} past decisions "
        f"{sums['moves']} would move, {sums['stays']} stay, and {sums['undecidable']} cannot be "
        f"decided (another edition than {policy['edition']}, or ratings it does not know)."
    )


def _matrix(policy: dict[str, Any], ways: Counter[tuple[str, str]]) -> Table:
    order = [level["level"] for level in policy["levels"]]

    def sorting(level: str) -> tuple[int, str]:
        return (order.index(level), "") if level in order else (len(order), level)

    columns = sorted({now for _, now in ways}, key=sorting)
    table = Table(title="From (down) to (across)")
    table.add_column("")
    for now in columns:
        table.add_column(now, justify="right")
    for then in sorted({then for then, _ in ways}, key=sorting):
        table.add_row(then, *(str(ways.get((then, now), "-")) for now in columns))
    return table
