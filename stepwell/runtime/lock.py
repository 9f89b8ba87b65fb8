"""One system a state folder, one teller of the story at a time.

Both are locks that their process takes with it, however it ends.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from stepwell.runtime.pids import Known, PidFile
from stepwell.runtime.problem import Problem
from stepwell.runtime.state import State, unusable

STORY = "The story is being told"
CLOCK = "The clock is being moved"


class InUse(Problem):
    """Another process works with the state folder."""


@contextlib.contextmanager
def locked(state: State) -> Iterator[None]:
    """Lock the state folder.

    Raises:
        InUse: another system runs, starts or stops in this folder, or its data is being deleted.
        Problem: the folder is not Stepwell's or cannot be written.
    """
    state.create()
    try:
        file = state.lock.open("a")
    except OSError as error:
        raise unusable(state.folder, error) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_ino != state.lock.stat().st_ino:
                raise BlockingIOError
        except (BlockingIOError, FileNotFoundError):
            raise InUse(_holder(state)) from None
        yield


def _holder(state: State) -> str:
    if runner := running(state):
        return (
            f"A Stepwell already runs here (process {runner.pid}): use it, or stop it with "
            "`make down`."
        )
    return f"Another command is at work in {state.folder}: run this one again when it has ended."


def running(state: State) -> Known | None:
    """The `stepwell up` that runs with this state folder, if one does; it may still be starting."""
    for known in PidFile(state.processes).read():
        if known.name == "stepwell up" and known.process() is not None:
            return known
    return None


@contextlib.contextmanager
def alone(state: State, doing: str, *, patient: bool = False) -> Iterator[None]:
    """Tell the story or move the clock, which only one process may do at a time.

    Args:
        doing: STORY or CLOCK; what others are told meanwhile.
        patient: wait until the other one has ended.

    Raises:
        Problem: another process does one of them.
    """
    try:
        file = state.telling.open("a+")
    except OSError as error:
        raise unusable(state.folder, error) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
        except BlockingIOError:
            file.seek(0)
            raise Problem(f"{file.read() or STORY}: wait until it ends.") from None
        file.truncate(0)
        file.write(doing)
        file.flush()
        yield
