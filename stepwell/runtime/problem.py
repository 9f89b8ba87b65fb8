"""What stops the runtime: one clear line with the next step, and the exit code that belongs to it.

Exit codes of every command: 0 done, 1 a check failed or a part died, 2 wrong use, 3 something about
the machine (a port in use, no network, a corrupt cache, another system already running here).
"""

CHECK_FAILED = 1
WRONG_USE = 2
ENVIRONMENT = 3


class Problem(Exception):
    """Shown to the person at the terminal as it is, without a traceback."""

    def __init__(self, line: str, *, exit_code: int = ENVIRONMENT) -> None:
        super().__init__(line)
        self.exit_code = exit_code


class Stopping(Exception):
    """Raised in a step that is still starting while the system is already being stopped."""
