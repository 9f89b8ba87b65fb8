"""Service processes that a test starts by the command of an operator, and why they do not start."""

import os
import subprocess
import sys

from shared.settings import SERVICES
from stepwell.runtime.processes import python

NOWHERE = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
    "OIDC_ISSUER": "http://127.0.0.1:9",
    **{f"DATABASE_URL_{s.upper()}": f"postgresql://{s}_app:word@127.0.0.1:9/{s}" for s in SERVICES},
}
"""Servers that are not there, for which a process waits."""
PASSWORD = "correct-horse"
"""One that must not be told."""


def environment(**given: str) -> dict[str, str]:
    """The whole environment of a service process."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        **NOWHERE,
        **given,
    }


def refused(*command: str, **given: str) -> str:
    """Why a service does not start, in the one line that it leaves behind."""
    done = subprocess.run(
        python("-m", *command),
        env=environment(**given),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1
    assert PASSWORD not in done.stdout + done.stderr
    return done.stderr.rstrip()
