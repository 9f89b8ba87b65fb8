"""`stepwell migrate`: bring databases to the newest version, here or on servers of your own."""

from typing import Annotated

import typer

from shared.settings import SERVICES
from stepwell.runtime.environment import External, load_running
from stepwell.runtime.migrations import migrate_all
from stepwell.runtime.problem import WRONG_USE, Problem


def command(
    service: Annotated[list[str] | None, typer.Argument(help="All four when absent.")] = None,
) -> None:
    """Apply the migrations that are missing, as the owner of each database.

    Reads DATABASE_OWNER_URL_<SERVICE>; without any, the databases of the running system are meant.
    """
    chosen = tuple(service or SERVICES)
    if unknown := [name for name in chosen if name not in SERVICES]:
        raise Problem(
            f"There is no service {unknown[0]}: use {', '.join(SERVICES)}.", exit_code=WRONG_USE
        )
    owners = dict(External.from_environment().owners)
    owners = owners or dict(External.from_environment(load_running()).owners)
    if missing := [name for name in chosen if name not in owners]:
        raise Problem(
            f"Set DATABASE_OWNER_URL_{missing[0].upper()} to the database of {missing[0]}.",
            exit_code=WRONG_USE,
        )
    migrate_all({name: owners[name] for name in chosen})
    typer.echo(f"At the newest version: {', '.join(chosen)}.")
