"""`stepwell dead-letters`: records that a consumer could not apply, and what to do about them."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from shared.settings import SERVICES
from stepwell.listing import show
from stepwell.operator import Operator
from stepwell.runtime.problem import CHECK_FAILED, WRONG_USE, Problem

app = typer.Typer(no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="The service that laid the records aside.")]
Stream = Annotated[str, typer.Argument(help="The stream they came from, such as scheduling.")]
Key = Annotated[str, typer.Argument(help="The client that they are about.")]


@app.command("list")
def list_letters(
    service: Annotated[str | None, typer.Argument(help="All four when absent.")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Show the resolved too.")] = False,
) -> None:
    """Show the records that could not be applied, oldest first. Exit code 1 when there are any."""
    operator = Operator()
    table = Table(title="Dead letters")
    for heading in ("service", "stream", "key", "sequence", "type", "reason", "failed at", "tries"):
        table.add_column(heading)
    open_letters = 0
    for name in [known(service)] if service else SERVICES:
        for letter in operator.pages(name, "/operations/dead-letters", resolved=resolved):
            open_letters += letter["resolution"] is None
            table.add_row(
                name,
                letter["stream"],
                letter["key"],
                str(letter["sequence"] or "-"),
                (letter["type"] or "-").removeprefix("org.stepwell."),
                Text(f"{letter['reason']} ({letter['detail']})"),  # brackets are no markup of ours
                letter["failed_at"],
                str(letter["attempts"]),
            )
    if table.row_count:
        show(table)
    else:
        typer.echo("There are no dead letters.")
    if open_letters:
        raise typer.Exit(CHECK_FAILED)


@app.command("retry")
def retry_letters(service: Service, stream: Stream, key: Key) -> None:
    """Apply the records of a key in order, until one fails again (exit code 1)."""
    done = Operator().post(
        known(service), "/operations/dead-letters/retry", {"stream": stream, "key": key}
    )
    typer.echo(f"{done['applied']} applied, {done['remaining']} remain.")
    if done["remaining"]:
        raise typer.Exit(CHECK_FAILED)


@app.command("skip")
def skip_letters(
    service: Service,
    stream: Stream,
    key: Key,
    up_to: Annotated[int, typer.Option(min=1, help="Go on after this sequence number.")],
) -> None:
    """Go on without applying: what is skipped stays without effect for good."""
    done = Operator().post(
        known(service),
        "/operations/dead-letters/skip",
        {"stream": stream, "key": key, "up_to_sequence": up_to},
    )
    typer.echo(f"{done['skipped']} skipped.")


def known(service: str) -> str:
    """The name of a service; a Problem for any other."""
    if service not in SERVICES:
        raise Problem(
            f"There is no service {service}: use {', '.join(SERVICES)}.", exit_code=WRONG_USE
        )
    return service
