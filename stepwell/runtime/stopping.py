"""Stopping a system from another terminal, and deleting what it kept."""

import shutil

from stepwell.runtime import lock
from stepwell.runtime.pids import stop_leftovers, stop_together
from stepwell.runtime.problem import Problem
from stepwell.runtime.state import State
from stepwell.runtime.unprivileged import database_user, delete_folder, reachable_folder

PATIENCE_SECONDS = 40.0


def stop_everything(state: State) -> list[str]:
    """Ask the running system to stop and wait for it; then end what a crash left behind.

    Returns the names of what was stopped.
    """
    stopped = []
    runner = lock.running(state)
    if runner:
        stop_together([runner], PATIENCE_SECONDS)
        stopped.append("Stepwell")
    leftovers = stop_leftovers(state.processes)
    state.environment.unlink(missing_ok=True)
    return stopped + leftovers


def delete_state(state: State) -> None:
    """Delete everything that the runtime put into the state folder, and nothing else.

    Raises:
        Problem: something of it belongs to somebody else.
    """
    database = reachable_folder(state.postgres, database_user())
    try:
        delete_folder(database)
        for folder in (state.postgres, state.kafka, state.logs, state.mail):
            if folder.exists():
                shutil.rmtree(folder)
        for file in (
            state.clock,
            state.lock,
            state.topics,
            state.processes,
            state.environment,
            state.secrets,
            state.issuer_key,
            state.folder / "last-error.log",
        ):
            file.unlink(missing_ok=True)
    except PermissionError as error:
        raise Problem(
            f"{error.filename} cannot be deleted: it belongs to another user, who must run "
            "`stepwell reset`."
        ) from None
