"""Packages of Debian that tests on real parts need beside those of Python."""

import os
import shutil
import subprocess
from collections.abc import Sequence


def refusal_of(packages: Sequence[str]) -> str | None:
    """Install packages; why that cannot be, or None once they are there."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"{', '.join(packages)} must be installed, which needs root on Debian."
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "--quiet"], install):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"{', '.join(packages)} cannot be installed: {done.stderr}"
    return None
