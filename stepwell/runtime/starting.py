"""What `stepwell up` does, from the first process to the last."""

import asyncio
import os
import signal
from functools import partial
from types import FrameType

import typer
from rich.console import Console

from shared.settings import misspelt_variables
from stepwell.runtime import lock, ports
from stepwell.runtime.environment import PORTAL, External
from stepwell.runtime.forking import Forks
from stepwell.runtime.pids import own, stop_leftovers
from stepwell.runtime.ports import Ports
from stepwell.runtime.problem import CHECK_FAILED, WRONG_USE, Problem, Stopping
from stepwell.runtime.state import State
from stepwell.runtime.steps import Steps
from stepwell.runtime.supervision import Supervisor
from stepwell.runtime.system import System

STORY = "STEPWELL_STORY"


def run(forks: Forks) -> None:
    """Start the system, tell its story, and keep it running until asked to stop.

    Raises:
        Problem: it cannot be started, or a part died too often.
    """
    console = Console(highlight=False)
    if wrong := misspelt_variables(os.environ):
        raise Problem(" ".join(wrong), exit_code=WRONG_USE)
    state = State.default()
    chosen = Ports.from_environment()
    external = External.from_environment()
    with lock.locked(state):
        _listen_to_signals()
        try:
            for name in stop_leftovers(state.processes, starter=own()):
                console.print(f"Stopped {name}, left over from a run that ended abruptly.")
            state.environment.unlink(missing_ok=True)
            _run_until_asked(System(state, chosen, external, forks), console)
        except (KeyboardInterrupt, Stopping):
            typer.echo("Stopping …")


def _run_until_asked(system: System, console: Console) -> None:
    try:
        _run(system, console)
    except (KeyboardInterrupt, Stopping):
        typer.echo("Stopping …")
    finally:
        _ignore_signals()
        system.stop()
    typer.echo("Stopped.")


def _run(system: System, console: Console) -> None:
    tell = partial(console.print, markup=False, soft_wrap=True)
    if told := ports.warning(system.needed_ports().values()):
        tell(f"Warning: {told}")
    with Steps(console) as steps:
        system.start(steps)
    supervisor = Supervisor(system.processes, tell)
    if os.environ.get(STORY, "on") != "off":
        _tell(system, console, supervisor)
    with Steps(console) as steps:
        system.await_viewer(steps)
    _print_addresses(system, console)
    console.print("[bold green]Stepwell is ready[/]")
    asyncio.run(supervisor.during(_forever()))


async def _forever() -> None:
    await asyncio.Event().wait()


def _tell(system: System, console: Console, supervisor: Supervisor) -> None:
    from stepwell.region.story import tell

    try:
        with lock.alone(system.state, lock.STORY, patient=True):
            asyncio.run(supervisor.during(tell(system.environment, console)))
    except (KeyboardInterrupt, Problem):
        raise
    except Exception as error:
        reason = (
            f"{' and '.join(supervisor.died)} ended meanwhile"
            if supervisor.died
            else f"{type(error).__name__} {str(error).strip().splitlines()[:1]}"
        )
        raise Problem(
            f"The story could not be told to its end ({reason}). The logs are in "
            f"{system.state.logs}.",
            exit_code=CHECK_FAILED,
        ) from error


def _print_addresses(system: System, console: Console) -> None:
    from stepwell.runtime.login import STAFF

    console.print()
    for service, port in system.ports.services.items():
        console.print(f"  {service:<14} http://127.0.0.1:{port}/docs")
    if system.zipkin:
        console.print(f"  {'traces':<14} {system.zipkin.url}")
        console.print(f"  {'who tells whom':<14} {system.zipkin.url}/zipkin/dependency")
    texting = f"http://127.0.0.1:{system.ports.texting}"
    console.print(f"  {'sent texts':<14} {texting}")
    console.print(f"  {'sent mail':<14} {texting}/mail")
    portal = system.environment[PORTAL]
    console.print(f"  {'portal':<14} {portal}")
    for role in STAFF:
        console.print(f"  {'  as':<14} {portal}/login?as={role}")
    console.print(
        f"  {'token':<14} .venv/bin/stepwell token --role regional_operations --sites '*'"
    )
    console.print(f"  {'logs':<14} {system.state.logs}")
    console.print()


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def _listen_to_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # else nohup wants us to go on
        signal.signal(signal.SIGHUP, _interrupt)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
