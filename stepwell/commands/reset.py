"""`stepwell reset`: back to the state of a fresh checkout."""

from typing import Annotated

import typer

from stepwell.runtime.state import State, cache_folder
from stepwell.runtime.stopping import delete_downloads, delete_state, stopped


def command(
    cache: Annotated[bool, typer.Option("--cache", help="Delete the downloads as well.")] = False,
) -> None:
    """Stop the system and delete its data, keys, passwords and logs; with --cache the downloads.

    Only what Stepwell made is deleted, whatever else is in its folders.
    """
    state = State.default()
    with stopped(state):
        if state.exists():
            delete_state(state)
    typer.echo(f"Deleted the data in {state.folder}.")
    if cache:
        delete_downloads(cache_folder())
        typer.echo(f"Deleted the downloads in {cache_folder()}.")
