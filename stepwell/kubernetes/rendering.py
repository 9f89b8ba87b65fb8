"""Both overlays as kustomize makes them: committed, so that everybody can read, compare and check
what is applied without kustomize. The first line names what they were made from."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from stepwell.runtime.problem import Problem
from stepwell.runtime.state import PROJECT

FOLDER = PROJECT / "deploy" / "k8s"
RENDERED = "rendered"
OVERLAYS = ("small", "region")


def digest(folder: Path = FOLDER) -> str:
    """Of all files that kustomize reads; a change to one of them asks for a new rendering."""
    found = hashlib.sha256()
    for path in sorted(one for part in ("base", "overlays") for one in (folder / part).rglob("*")):
        if path.is_file():
            found.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def outdated(folder: Path = FOLDER) -> list[str]:
    """The overlays whose rendering is missing or was made from other files."""
    head = _head(folder)
    return [
        overlay
        for overlay in OVERLAYS
        if not (path := _rendered(folder, overlay)).is_file()
        or not path.read_text(encoding="utf-8").startswith(head)
    ]


def write(folder: Path = FOLDER) -> list[str]:
    """Render what is outdated; returns the overlays.

    Raises:
        Problem: neither kustomize nor kubectl is installed, or it refuses an overlay.
    """
    changed = outdated(folder)
    for overlay in changed:
        path = _rendered(folder, overlay)
        path.parent.mkdir(exist_ok=True)
        path.write_text(render(overlay, _kustomize(), folder), encoding="utf-8")
    return changed


def render(overlay: str, kustomize: Sequence[str | Path], folder: Path = FOLDER) -> str:
    """An overlay by this program, under the line that names what it was made from.

    Raises:
        Problem: with what it says.
    """
    done = subprocess.run(  # noqa: S603 - our own command, never through a shell
        [*map(str, kustomize), str(folder / "overlays" / overlay)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or done.stderr:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise Problem(f"The overlay {overlay} cannot be rendered: {lines[-1]}")
    return _head(folder) + done.stdout


def _kustomize() -> list[str]:
    if found := shutil.which("kustomize"):
        return [found, "build"]
    if found := shutil.which("kubectl"):
        return [found, "kustomize"]
    raise Problem("The overlays have to be rendered anew: install kustomize or kubectl.")


def _head(folder: Path) -> str:
    return f"# Rendered by `stepwell kubernetes` from files with the digest {digest(folder)}.\n"


def _rendered(folder: Path, overlay: str) -> Path:
    return folder / RENDERED / f"{overlay}.yaml"
