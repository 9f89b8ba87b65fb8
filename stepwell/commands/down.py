"""`stepwell down`: stop the system that runs here, or what a crash left of it."""

import typer

from stepwell.runtime.state import State
from stepwell.runtime.stopping import stop_everything


def command() -> None:
    """Stop the system that runs here, or what a crash left of it. Data stays."""
    stopped = stop_everything(State.default())
    typer.echo(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")
