"""`stepwell contracts`: generate the contracts for subscribers, and release them; and generate the
tables of events on the pages of the services, and what the portal knows of the APIs."""

from typing import Annotated

import typer

from shared.settings import SERVICES
from stepwell.contracts import files, operations, pages
from stepwell.runtime.problem import CHECK_FAILED, Problem

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)


@app.callback()
def generate(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a file is out of date.")
    ] = False,
) -> None:
    """Write JSON Schemas and the AsyncAPI document to the folder `contracts`, and the tables of
    events to the pages of the services in `docs`, and the operations of the APIs to the portal."""
    if context.invoked_subcommand is not None:
        return
    if check:
        stale = [f"contracts/{path}" for path in files.outdated()]
        stale += [f"docs/{page.name}" for page in pages.outdated()]
        stale += ["portal/operations.json"] if operations.outdated() else []
        if stale:
            raise Problem(
                f"Out of date: {', '.join(stale)}. Run `stepwell contracts`.",
                exit_code=CHECK_FAILED,
            )
        typer.echo("The contracts are up to date.")
        return
    changed = [f"contracts/{path}" for path in files.write()]
    changed += [f"docs/{page.name}" for page in pages.write()]
    changed += operations.write()
    for path in changed:
        typer.echo(path)
    typer.echo(f"{len(changed)} of {len(files.generated()) + len(SERVICES) + 1} files changed.")


@app.command()
def release() -> None:
    """Keep the present schemas as released, so that later changes are checked against them."""
    found = files.broken(files.released())
    if found:
        raise Problem("Not released: " + "; ".join(found) + ".", exit_code=CHECK_FAILED)
    files.write()
    new = files.release()
    for name in new:
        typer.echo(f"contracts/{files.RELEASED}/{name}")
    typer.echo(f"{len(new)} schemas are newly released.")
