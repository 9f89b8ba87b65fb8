"""The tables of the story."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from stepwell.region.found import Client, Found
from stepwell.region.walk import Walk
from stepwell.region.words import spaced


def criteria(found: list[Found]) -> Table:
    """An explanation, one line a criterion."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("criterion", "found", "asked for", ""):
        table.add_column(heading)
    for one in found:
        table.add_row(
            spaced(one["name"]),
            one["observed"],
            one["required"],
            "[green]met[/]" if one["met"] else "[red]not met[/]",
        )
    return table


def everybody(walk: Walk, clients: dict[int, Client]) -> Table:
    """One line a client."""
    names = {cohort["id"]: cohort["name"].partition(", ")[2] for cohort in walk.cohorts}
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("client", "level", "seat", "came to", "PHQ-9", "GAD-7", "now"):
        table.add_column(heading, no_wrap=heading in ("client", "level", "came to"))
    for client in clients.values():
        levels = [str(d["recommended_level"] or "-") for d in client.determinations]
        seats = [names.get(p["cohort_id"], "another cohort") for p in client.placements]
        table.add_row(
            client.label,
            levels[-1] if levels else "-",
            f"{client.site['name']}, {seats[-1]}" if seats else client.site["name"],
            f"{client.attended} of {len(client.attendances)}" if client.attendances else "-",
            _course(client.totals("phq-9")),
            _course(client.totals("gad-7")),
            _state(client),
        )
    return table


def counts(console: Console, walk: Walk, clients: dict[int, Client]) -> None:
    """How many messages there were, and how deliberate faults were refused."""
    found = Counter((m["kind"], m["state"]) for c in clients.values() for m in c.messages)
    told = [f"{count} {spaced(kind)} {state}" for (kind, state), count in sorted(found.items())]
    console.print(f"Messages: {', '.join(told)}.")
    flags = [flag for client in clients.values() for flag in client.flags]
    late = sum(flag["step"] > 0 for flag in flags)
    open_ = sum(flag["acknowledged_at"] is None for flag in flags)
    console.print(
        f"Risk flags: {len(flags)} raised, {late} of them escalated to staff, {open_} still open."
    )
    refusals = walk.refusals
    if refusals.sent:
        console.print(
            f"{refusals.sent} faulty requests were sent on purpose; "
            f"{sum(refusals.refused.values())} were refused:"
        )
        for (kind, problem), count in sorted(refusals.refused.items()):
            console.print(f"  {count}  {kind} → {problem}")


def _course(totals: list[int]) -> str:
    """The first and the last total."""
    if len(totals) < 2:
        return str(totals[0]) if totals else "-"
    return f"{totals[0]} → {totals[-1]}"


def _state(client: Client) -> str:
    if not client.enrolments:
        return "not enrolled"
    state = spaced(client.enrolments[-1]["state"])
    waiting = [spaced(one["kind"]) for one in client.recommendations if one["state"] == "open"]
    return f"{state}, {waiting[-1]} to decide" if waiting else state
