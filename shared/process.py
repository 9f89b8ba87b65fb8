"""A process of a service, from its command line on.

`python -m services.<name> [api] [worker]` runs one role or both, and both without arguments; any
number of processes may run each. `python -m services.<name> rebuild [accept-differences]` makes the
read models anew, and ends. `python -m services.<name> stream` runs the stream worker where there is
one: a program of its own that imports nothing of what the service declares, so that it is small and
starts soon.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence

from shared import peers, secret_files
from shared import settings as settings_module
from shared.clock import ClockRefused
from shared.peers import Peer
from shared.secret_files import SecretUnusable
from shared.settings import Settings, SettingsWrong
from shared.telemetry import logs, tracing

ROLES = ("api", "worker", "stream")
REBUILD, ACCEPT = "rebuild", "accept-differences"
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""As malloc.h of the GNU C library has them."""
LARGE_BYTES = 64 * 1024
GARBAGE_THRESHOLD = 20_000
"""New objects between two collections; a request makes many that go without one."""


def main(name: str, arguments: Sequence[str] | None = None, *, stream: str | None = None) -> None:
    """Run the roles of a service named on the command line.

    Exit code 2 for a wrong role, 3 for settings or data files that cannot be used and other starts
    that fail, 4 for a server that refuses the process or shows it a wrong certificate.

    Args:
        stream: `module:function` of the stream worker, which reads no data files.
    """
    given = arguments if arguments is not None else sys.argv[1:]
    roles = frozenset(given[:1] if REBUILD in given[:1] else given) or frozenset(("api", "worker"))
    if unknown := sorted(roles.difference(ROLES) - {REBUILD}):
        sys.exit(complain(f"unknown role {unknown[0]}: use {', '.join(ROLES)}", 2))
    if "stream" not in roles:
        from shared import service as declared

        service = declared.named(name)
        settings = _prepared(name)
        _refuse(name, declared.needed(service, settings, roles))
        if REBUILD in roles:
            accept = ACCEPT in given[1:]
            sys.exit(declared.rebuild(service, settings, accept_differences=accept))
        declared.serve(service, settings, roles)
    elif stream is not None:
        module, _, function = stream.partition(":")
        run: Callable[[Settings], None] = getattr(importlib.import_module(module), function)
        settings = _prepared(name, stream=True)
        _refuse(name, [peers.broker(settings)])
        give_back()
        run(settings)
    else:
        sys.exit(complain(f"{name} has no stream role", 2))


def _prepared(name: str, *, stream: bool = False) -> Settings:
    """The settings of the process, with its logs and traces set up by them."""
    try:
        secret_files.read_into(os.environ, name)
        settings = settings_module.load(name)
    except (SecretUnusable, SettingsWrong, ClockRefused) as error:
        sys.exit(complain(str(error), 3))
    logs.setup(name, settings)
    tracing.setup(name, settings, asks=not stream)
    return settings


def _refuse(name: str, needed: Iterable[Peer]) -> None:
    """End the process where a server that it needs will not do."""
    if refusals := asyncio.run(peers.refusals(needed)):
        sys.exit(complain("\n".join(f"{name}: {line}" for line in refusals), 4))


def collect_rarely() -> None:
    """Look for garbage less often, and not in what was imported: that stays."""
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


def give_back() -> None:
    """Let the allocator give large buffers back to the system as soon as they are free, and keep
    small things together whichever thread made them: a worker that holds much reads it in such
    buffers, between which it would lie scattered. Nothing where there is no such allocator.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        tune = ctypes.CDLL(None).mallopt
        tune(M_MMAP_THRESHOLD, LARGE_BYTES)
        tune(M_ARENA_MAX, 1)


def complain(message: str, code: int) -> int:
    """Say on stderr why the process ends; its exit code."""
    print(message, file=sys.stderr)
    return code
