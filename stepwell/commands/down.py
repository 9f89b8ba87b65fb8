"""`stepwell down`: stop the system that runs here, or what a crash left of it."""

import typer

from stepwell.runtime.state import State
from stepwell.runtime.stopping import stopped


def command() -> None:
    """Stop the system that runs here, or what a crash left of it. Data stays."""
    with stopped(State.default()) as names:
        typer.echo(f"Stopped: {', '.join(names)}." if names else "Nothing was running.")
