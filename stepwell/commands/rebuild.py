"""`stepwell rebuild`: make the read models of a service anew from the events, and swap them in.

Exit codes: 0 the rebuilt tables serve; 1 they would differ, or could not be made: the former ones
go on serving; 2 wrong use; 3 no system runs here.
"""

import json
import subprocess
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from stepwell.listing import show
from stepwell.runtime.environment import for_process, load_running
from stepwell.runtime.problem import CHECK_FAILED, WRONG_USE, Problem

SERVICES = ("outcomes",)


def command(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")],
    accept_differences: Annotated[
        bool,
        typer.Option(help="Swap even where the rebuilt tables differ from those that serve now."),
    ] = False,
) -> None:
    """Read all events from the beginning into new tables, compare them with those that serve, and
    put them in their place. The service runs on meanwhile.

    In containers run `python -m services.outcomes rebuild` in the image of the service.
    """
    if service not in SERVICES:
        raise Problem(
            f"{service} has nothing to rebuild: use {', '.join(SERVICES)}.", exit_code=WRONG_USE
        )
    words = ["rebuild", *(["accept-differences"] if accept_differences else [])]
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", f"services.{service}", *words],
        env=for_process(load_running(), service, None),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    tables: list[dict[str, Any]] = []
    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("Reading", total=None)
        for line in child.stdout or ():
            told = json.loads(line)
            if "phase" not in told:
                continue  # a line of the log
            if told["phase"] == "reading":
                bars.update(bar, total=told["of"], completed=told["read"])
            elif told["phase"] == "verified":
                tables.append(told)
            else:
                bars.update(bar, description=told["phase"].capitalize())
        complaint = child.stderr.read() if child.stderr else ""
    if tables:
        show(compared(tables))
    if child.wait() != 0:
        last = (complaint.strip().splitlines() or ["The rebuild gave no reason."])[-1]
        raise Problem(last, exit_code=CHECK_FAILED)
    typer.echo(f"{len(tables)} tables of {service} were rebuilt and serve now.")


def compared(tables: list[dict[str, Any]]) -> Table:
    """Rows of each table beside those that served."""
    made = Table(title="Rebuilt and live")
    for heading in ("table", "live rows", "rebuilt rows", "only live", "only rebuilt", ""):
        made.add_column(heading, justify="left" if heading in ("table", "") else "right")
    for one in tables:
        made.add_row(
            one["table"],
            str(one["live_rows"]),
            str(one["rebuilt_rows"]),
            str(one.get("only_live", 0)),
            str(one.get("only_rebuilt", 0)),
            "[green]equal[/]" if one["equal"] else "[red]different[/]",
        )
    return made
