"""`stepwell outbox`: events that the broker did not take, and what to do about them."""

from typing import Annotated

import typer
from rich.table import Table

from shared.settings import SERVICES
from stepwell.commands.dead_letters import known
from stepwell.listing import show
from stepwell.operator import Operator
from stepwell.runtime.problem import CHECK_FAILED

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_events(
    service: Annotated[str | None, typer.Argument(help="All four when absent.")] = None,
) -> None:
    """Show the events that were set aside, by client and in order. Exit code 1 when there are any.

    The first of a client is what the broker refused; the others wait behind it.
    """
    operator = Operator()
    table = Table(title="Set aside")
    for heading in ("service", "stream", "key", "sequence", "type", "bytes", "reason", "since"):
        table.add_column(heading)
    for name in [known(service)] if service else SERVICES:
        for event in operator.pages(name, "/operations/set-aside"):
            table.add_row(
                name,
                event["stream"],
                event["key"],
                str(event["sequence"]),
                event["type"].removeprefix("org.stepwell."),
                str(event["bytes"]),
                event["reason"],
                event["set_aside_at"],
            )
    if not table.row_count:
        typer.echo("No event is set aside.")
        return
    show(table)
    raise typer.Exit(CHECK_FAILED)


@app.command("retry")
def retry_events(
    service: Annotated[str, typer.Argument(help="The service that publishes them.")],
    stream: Annotated[str, typer.Argument(help="Their stream, such as scheduling.")],
    key: Annotated[str, typer.Argument(help="The client that they are about.")],
    pass_over: Annotated[
        bool,
        typer.Option(
            "--pass-over",
            help="Do not send the first: subscribers get it from the journal when the next comes.",
        ),
    ] = False,
) -> None:
    """Send the events of a key again, in order: once the broker's limit or topic is put right."""
    done = Operator().post(
        known(service),
        "/operations/set-aside/retry",
        {"stream": stream, "key": key, "pass_over": pass_over},
    )
    typer.echo(f"{done['sent']} events were given back to the relay.")
