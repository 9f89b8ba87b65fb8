"""The `stepwell` command.

Exit codes: 0 done; 1 a check failed or a part died; 2 wrong use; 3 something about the machine (a
port in use, no network, a corrupt cache, another system running here, none running).
Every error is one line on stderr that says what to do next.
"""

import importlib
import os
import sys
import traceback

import typer

from shared import secret_files
from shared.secret_files import SecretUnusable
from stepwell.runtime.problem import CHECK_FAILED, WRONG_USE, Problem, Stopping
from stepwell.runtime.state import State, write_private

COMMANDS = {
    "up": "Start the whole system on this machine, tell its story, and keep it running.",
    "down": "Stop the system that runs here, or what a crash left of it.",
    "reset": "Stop the system and delete its data; with --cache the downloads too.",
    "story": "Tell the story again, with other clients, against the running system.",
    "clock": "Show or advance the test clock of the running system.",
    "token": "Print an access token of the local issuer.",
    "migrate": "Bring the databases of the services to the newest version.",
    "subscriber": "Let another system read events: add, list, remove.",
    "databases": "Create the databases and their roles on a server of your own.",
    "topics": "Create the topics and access lists on a broker.",
    "identity": "Bring the realm of a Keycloak in line with its file.",
    "secrets": "Make the files of secrets that containers are given.",
    "issuer": "Serve the local token issuer by itself, for a story in containers.",
    "pending": "Show what is still under way in the four services.",
    "verify": "Prove that every published event was applied by every consumer.",
    "dead-letters": "List, retry or skip events that could not be applied.",
    "outbox": "List events that the broker did not take, or have them sent again.",
    "policy": "Check a policy, or replay it over the past.",
    "republish": "Refill a lost topic from its publisher's journal.",
    "rebuild": "Make the read models of a service anew from its events, and swap them in.",
    "contracts": "Generate the schemas and the AsyncAPI document for subscribers.",
    "kubernetes": "Generate what the Kubernetes operators are told.",
}


HELP = """Stepwell on this machine, and what its operators need.

Exit codes: 0 done, 1 a check failed or a part died, 2 wrong use, 3 something about the machine
(a port in use, no network, a corrupt cache, another system running here, none running).
"""


def application(chosen: str | None) -> typer.Typer:
    """All commands; only the `chosen` one is really imported, so that help is quick.

    A command's module has `app` (a Typer with commands of its own) or the function `command`.
    """
    app = typer.Typer(
        name="stepwell",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, summary in COMMANDS.items():
        if name != chosen:
            app.command(name, help=summary)(_not_chosen)
            continue
        module = importlib.import_module(f"stepwell.commands.{name.replace('-', '_')}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, help=summary)
        else:
            app.command(name)(module.command)  # which explains itself by its docstring
    return app


def _not_chosen() -> None:
    """Stands for a command that this call does not use."""


def main() -> None:
    """Run the command that the command line names, and exit with its code."""
    chosen = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    try:
        secret_files.read_into(os.environ)
        application(chosen)()
    except SecretUnusable as error:
        _complain(str(error))
        sys.exit(WRONG_USE)
    except Problem as problem:
        _complain(str(problem))
        sys.exit(problem.exit_code)
    except (KeyboardInterrupt, Stopping):
        sys.exit(130)
    except BrokenPipeError:
        os.close(sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        details = _keep(traceback.format_exc())
        _complain(f"Unexpected {type(error).__name__}: {_first_line(error)}{details}")
        sys.exit(CHECK_FAILED)


def _keep(details: str) -> str:
    """Where the details of an error were kept, in words; nothing when there is no place."""
    state = State.default()
    try:
        state.create()
        write_private(state.last_error, details)
    except Problem:
        return ""
    return f" Details: {state.last_error}"


def _first_line(error: Exception) -> str:
    line = (str(error).strip().splitlines() or [""])[0]
    return f"{line[:200].rstrip('.')}." if line else ""


def _complain(line: str) -> None:
    print(f"stepwell: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
