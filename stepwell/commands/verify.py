"""`stepwell verify`: prove that every published event was applied by every consumer."""

import time
from typing import Annotated, Any

import typer
from rich.table import Table

from shared.settings import SERVICES
from stepwell.completeness import Line, prove
from stepwell.listing import show
from stepwell.operator import Operator
from stepwell.runtime.problem import CHECK_FAILED

UNDER_WAY = ("unpublished", "set_aside", "dead_letters")


def command(
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for events that are under way.")
    ] = 10.0,
) -> None:
    """Compare published with applied events of every stream and consumer.

    Exit code 0: nothing is missing. 1: something is, or is a dead letter. Records that an operator
    skipped count as applied and are named.
    """
    operator = Operator()
    deadline = time.monotonic() + wait
    while True:
        pending = {s: operator.get(s, "/operations/pending") for s in SERVICES}
        lines = prove(pending)
        complete = all(line.complete for line in lines)
        at_rest = not any(p[name] for p in pending.values() for name in UNDER_WAY)
        if (complete and at_rest) or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    _show(lines, pending)
    if not (complete and at_rest):
        typer.echo(
            "stepwell: not complete: look at `stepwell dead-letters list`, `stepwell outbox list` "
            "and the services' logs.",
            err=True,
        )
        raise typer.Exit(CHECK_FAILED)


def _show(lines: list[Line], pending: dict[str, Any]) -> None:
    table = Table(title="Published and applied")
    for heading in ("stream", "consumer", "clients", "published", "applied", ""):
        table.add_column(heading, justify="left" if heading in ("stream", "consumer") else "right")
    for line in lines:
        table.add_row(
            line.stream,
            line.consumer,
            str(line.keys_published),
            str(line.published),
            str(line.applied),
            "[green]complete[/]" if line.complete else "[red]missing[/]",
        )
    show(table)
    for service, found in pending.items():
        for name in (*UNDER_WAY, "skipped"):
            if found[name]:
                typer.echo(f"{service}: {found[name]} {name.replace('_', ' ')}")
