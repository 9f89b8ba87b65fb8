"""`stepwell pending`: what is still under way in the four services."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from shared.settings import SERVICES
from stepwell.listing import show
from stepwell.operator import Operator

HEADINGS = (
    "service",
    "unpublished",
    "behind",
    "due now",
    "next due at",
    "waiting",
    "set aside",
    "dead letters",
)


def command() -> None:
    """Show what each service still has to publish, to do and to look at."""
    operator = Operator()
    table = Table(title="Under way")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "service" else "right")
    for service in SERVICES:
        found = operator.get(service, "/operations/flow")
        waiting = ", ".join(f"{name} {count}" for name, count in found["waiting"].items() if count)
        table.add_row(
            service,
            str(found["unpublished"]),
            behind(found["lags"]),
            str(found["due"]),
            found["next_due_at"] or "-",
            waiting or "-",
            str(found["set_aside"]),
            str(found["dead_letters"]),
        )
    show(table)


def behind(lags: Sequence[Mapping[str, Any]]) -> str:
    """Each stream with events that are not applied, and how many; ? where nobody says."""
    told = [
        f"{one['stream']} {'?' if one['lag'] is None else one['lag']}"
        for one in lags
        if one["lag"] != 0
    ]
    return ", ".join(told) or "-"
