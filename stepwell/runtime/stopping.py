"""Stopping a system from another terminal, and deleting what it kept."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from stepwell.runtime import lock
from stepwell.runtime.pids import stop_leftovers, stop_together
from stepwell.runtime.problem import Problem
from stepwell.runtime.state import State
from stepwell.runtime.unprivileged import database_user, delete_folder, reachable_folder

PATIENCE_SECONDS = 40.0
DOWNLOADS = ("kafka-[0-9]*", "zipkin-[0-9]*", "java-*.jsa", "java-*.draft-*")
"""Everything that the runtime puts into the cache folder, apart from an empty lock."""


@contextlib.contextmanager
def stopped(state: State) -> Iterator[list[str]]:
    """Stop the system here, also one that is still starting, and hold the folder in the block.

    Gives the names of what was stopped, what a crash left behind included.

    Raises:
        Problem: the folder is not Stepwell's, or another command holds it for too long.
    """
    if not state.exists():
        yield []
        return
    names = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    with contextlib.ExitStack() as stack:
        while True:
            if runner := lock.running(state):
                stop_together([runner], PATIENCE_SECONDS)
                names = ["Stepwell"]
            try:
                stack.enter_context(lock.locked(state))
                break
            except lock.InUse:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        names += stop_leftovers(state.processes)
        state.environment.unlink(missing_ok=True)
        yield names


def delete_state(state: State) -> None:
    """Delete everything that the runtime put into the state folder, and nothing else.

    Raises:
        Problem: something of it belongs to somebody else.
    """
    database = reachable_folder(state.postgres, database_user())
    files = (
        state.clock,
        state.telling,
        state.folder / "topics",  # where releases before kept it
        state.processes,
        state.environment,
        state.secrets,
        state.issuer_key,
        state.last_error,
        state.channels,
        state.folder / "postgres.draft.word",
    )
    try:
        delete_folder(database)
        draft = state.folder / "postgres.draft"
        for folder in (state.postgres, draft, state.kafka, state.logs, state.mail):
            delete_folder(folder)
        for file in files:
            file.unlink(missing_ok=True)
            for unfinished in state.folder.glob(f"{file.name}.[0-9]*"):
                unfinished.unlink()
        _leave(state)
    except PermissionError as error:
        raise Problem(
            f"{error.filename} cannot be deleted: it belongs to another user, who must run "
            "`stepwell reset`."
        ) from None


def _leave(state: State) -> None:
    """Delete the folder too, unless something else is in it: then it stays marked as ours."""
    own = {state.lock, state.marker}
    if set(state.folder.iterdir()) <= own:
        for file in own:
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            state.folder.rmdir()


def delete_downloads(cache: Path) -> None:
    """Delete what the runtime fetched or made in the cache folder, and nothing else."""
    for pattern in DOWNLOADS:
        for entry in cache.glob(pattern):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
