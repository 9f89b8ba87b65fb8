"""`stepwell clock`: show or move the test clock of the system that runs here."""

import asyncio
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from stepwell.region.api import Services
from stepwell.region.settle import advance
from stepwell.runtime import clock_file, lock
from stepwell.runtime.environment import load_running
from stepwell.runtime.problem import WRONG_USE, Problem
from stepwell.runtime.state import State

app = typer.Typer(no_args_is_help=True)

LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Further on there is no room for the weeks that a story plans ahead."""
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@app.command("create")
def create_clock() -> None:
    """Make the test clock that STEPWELL_CLOCK_FILE names, unless there is one, for services that
    are started by something else than `stepwell up`."""
    path = os.environ.get("STEPWELL_CLOCK_FILE")
    if not path:
        typer.echo("STEPWELL_CLOCK_FILE names no test clock: time is real.")
        return
    State(Path(path).parent).create()
    clock_file.create(Path(path))
    typer.echo(_text(clock_file.read(Path(path))))


@app.command("show")
def show_clock() -> None:
    """Print the instant that all services see, in UTC."""
    typer.echo(_text(clock_file.read(_clock(_running()))))


@app.command("advance")
def advance_clock(
    by: Annotated[str | None, typer.Argument(help="How far: 90m, 36h, 2d, 1w.")] = None,
    to: Annotated[
        str | None, typer.Option(help="Until when, with an offset: 2026-03-02T14:30:00Z.")
    ] = None,
) -> None:
    """Move the clock forward. Whatever becomes due on the way happens at its time and in order."""
    environment = _running()

    async def move(target: datetime) -> None:
        async with Services(environment, subject="clock") as services:
            await advance(services, target)

    with lock.alone(State.default(), lock.CLOCK):
        target = _target(clock_file.read(_clock(environment)), by, to)
        asyncio.run(move(target))
    typer.echo(_text(target))


def _running() -> dict[str, str]:
    environment = load_running()
    _clock(environment)
    return environment


def _clock(environment: dict[str, str]) -> Path:
    if environment.get("STEPWELL_ENVIRONMENT") != "local" or not (
        path := environment.get("STEPWELL_CLOCK_FILE")
    ):
        raise Problem(
            "There is no test clock outside the local runtime: time is real there.",
            exit_code=WRONG_USE,
        )
    return Path(path)


def _target(now: datetime, by: str | None, to: str | None) -> datetime:
    """The instant to move a clock to that shows `now`.

    Raises:
        Problem: what was asked for cannot be understood, lies in the past, or too far ahead.
    """
    target = _asked(now, by, to)
    if target is None or target > LATEST:
        raise Problem(f"The clock goes until {_text(LATEST)} only.", exit_code=WRONG_USE)
    if target < now:
        raise Problem(f"The clock stands at {_text(now)} and never goes back.", exit_code=WRONG_USE)
    return target


def _asked(now: datetime, by: str | None, to: str | None) -> datetime | None:
    """The instant that was asked for; None when there is no such instant any more."""
    if (by is None) == (to is None):
        raise Problem(
            "Say how far, such as 2d, or until when with --to, and not both.", exit_code=WRONG_USE
        )
    if by is not None:
        found = re.fullmatch(r"(\d{1,6})([smhdw])", by)
        if found is None:
            raise Problem(f"{by} is no duration: write 90m, 36h, 2d or 1w.", exit_code=WRONG_USE)
        try:
            return now + timedelta(**{UNITS[found[2]]: int(found[1])})
        except OverflowError:
            return None
    try:
        target = datetime.fromisoformat(to or "")
    except ValueError:
        raise Problem(
            f"{to} is no instant: write 2026-03-02T14:30:00Z.", exit_code=WRONG_USE
        ) from None
    if target.tzinfo is None:
        raise Problem(
            f"{to} has no offset: write it in UTC with a Z at the end.", exit_code=WRONG_USE
        )
    return target


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
