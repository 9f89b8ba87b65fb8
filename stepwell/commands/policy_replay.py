"""`stepwell policy replay OLD NEW`: two versions of a policy of recommendations over the past."""

import json
import time
from typing import Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from stepwell.operator import Operator
from stepwell.runtime.problem import Problem

LOOK_SECONDS = 0.3
COUNTS = ("former", "latter", "earlier", "later", "same_day", "only_former", "only_latter")
AGREED = ("median_days", "decided", "agreed_former", "agreed_latter")
HIDDEN = "< 11"


def compare(
    former: dict[str, Any],
    latter: dict[str, Any],
    sites: list[UUID] | None,
    show: int,
    as_json: bool,
) -> None:
    """Have outcomes compare them, and tell who, when, how much earlier or later, and how often
    clinicians agreed. Whoever may not see clients sees the counts alone, and none below 11."""
    operator = Operator(role="clinical_lead")
    asked = {"former": former, "latter": latter, "site_ids": [str(s) for s in sites or ()] or None}
    replay = operator.create("outcomes", "/policy-replays", asked)
    path = f"/policy-replays/{replay['id']}"
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Replaying", total=max(replay["total"], 1))
        while replay["state"] == "running":
            progress.update(bar, completed=replay["done"])
            time.sleep(LOOK_SECONDS)
            replay = operator.get("outcomes", path)
    if replay["state"] == "failed":
        raise Problem("Outcomes does not take these versions any more: check both files again.")
    try:
        stays = list(operator.pages("outcomes", f"{path}/stays", limit=200))
    except Problem:  # a role that may not see clients
        stays = []
    lines = [
        {"client_id": stay["client_id"], "enrolment_id": stay["id"], **kind}
        for stay in stays
        for kind in stay["kinds"]
        if kind["former_on"] != kind["latter_on"]
    ]
    if as_json:
        for line in lines:
            typer.echo(json.dumps(line))
        typer.echo(json.dumps({"stays": replay["done"], "sums": replay["sums"]}))
        return
    console = Console()
    if lines:
        console.print(_who(lines[:show]))
    if len(lines) > show:
        typer.echo(f"... and {len(lines) - show} more: use --show or --json.")
    console.print(_sums(replay["sums"]))
    typer.echo(
        f"{former['id']} {former['version']} against {latter['id']} {latter['version']} over "
        f"{replay['done']} stays at level {former['from_level']}."
    )


def _who(lines: list[dict[str, Any]]) -> Table:
    table = Table(title="Who would be recommended something on another day, or no more")
    for heading in ("client", "kind", "old", "new", "days later", "decided"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        decided = line["decision"] and f"{line['decision']} {line['decided_on']}"
        cells = (line["former_on"], line["latter_on"], line["days_later"], decided)
        table.add_row(
            line["client_id"], line["kind"], *("-" if c is None else str(c) for c in cells)
        )
    return table


def _sums(sums: list[dict[str, Any]]) -> Table:
    table = Table(title="By kind")
    table.add_column("")
    for one in sums:
        table.add_column(one["kind"], justify="right")
    for name in (*COUNTS, *AGREED):
        shown = [HIDDEN if one[name] is None else str(one[name]) for one in sums]
        if name == "median_days":
            shown = ["-" if one[name] is None else str(one[name]) for one in sums]
        table.add_row(name.replace("former", "old").replace("latter", "new"), *shown)
    return table
