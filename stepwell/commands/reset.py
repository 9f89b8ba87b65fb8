"""`stepwell reset`: back to the state of a fresh checkout."""

import shutil
from typing import Annotated

import typer

from stepwell.runtime.state import State, cache_folder
from stepwell.runtime.stopping import delete_state, stop_everything


def command(
    cache: Annotated[bool, typer.Option("--cache", help="Delete the downloads as well.")] = False,
) -> None:
    """Stop the system and delete its data, keys, passwords and logs; with --cache the downloads."""
    state = State.default()
    stop_everything(state)
    delete_state(state)
    typer.echo(f"Deleted the data in {state.folder}.")
    if cache:
        for entry in cache_folder().glob("*"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        typer.echo(f"Deleted the downloads in {cache_folder()}.")
