"""One system a state folder: a lock that its process takes with it, however it ends."""

import contextlib
import fcntl
from collections.abc import Iterator

from stepwell.runtime.pids import Known, PidFile
from stepwell.runtime.problem import Problem
from stepwell.runtime.state import State


@contextlib.contextmanager
def held(state: State) -> Iterator[None]:
    """Hold the state folder.

    Raises:
        Problem: another system runs in this folder, or the folder cannot be written.
    """
    try:
        state.create()
        file = state.lock.open("w")
    except OSError as error:
        raise Problem(
            f"The state folder {state.folder} cannot be written ({error.strerror}): "
            "set STEPWELL_STATE to a folder that can."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            runner = running(state)
            who = f" (process {runner.pid})" if runner else ""
            raise Problem(
                f"A Stepwell already runs here{who}: use it, or stop it with `make down`."
            ) from None
        yield


def running(state: State) -> Known | None:
    """The `stepwell up` that runs with this state folder, if one does."""
    for known in PidFile(state.processes).read():
        if known.name == "stepwell up" and known.process() is not None:
            return known
    return None
