"""PostgreSQL refuses to run as root: the user to run it as, and folders that user can reach."""

import hashlib
import os
import pwd
import secrets
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepwell.runtime.problem import Problem

REACHABLE_BY_ALL = Path("/var/lib/stepwell")


@dataclass(frozen=True)
class User:
    """A user of this machine."""

    uid: int
    gid: int

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of subprocess.Popen that start a process as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Give `folder` and what is in it to this user."""
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def database_user() -> User | None:
    """Who runs the database: nobody else when we are not root, and `nobody` when we are."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise Problem(
            "PostgreSQL cannot run as root and there is no user `nobody` here: "
            "run Stepwell as an ordinary user."
        ) from None
    return User(entry.pw_uid, entry.pw_gid)


def passable(path: Path) -> bool:
    """Whether every user may pass through all existing folders down to `path`."""
    return all(
        folder.stat().st_mode & stat.S_IXOTH for folder in [path, *path.parents] if folder.is_dir()
    )


def reachable_folder(wanted: Path, user: User | None) -> Path:
    """`wanted`, or a folder of its own elsewhere when `user` cannot get there."""
    if user is None or passable(wanted.parent):
        return wanted
    name = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    return REACHABLE_BY_ALL / name / wanted.name


def make_reachable(folder: Path) -> None:
    """Make a folder; whatever the umask, all may pass through what Stepwell makes for that."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in (folder, *folder.parents):
        if made.is_relative_to(REACHABLE_BY_ALL):
            made.chmod(0o755)


def delete_folder(folder: Path) -> None:
    """Delete a folder from `reachable_folder`, and the place that was made for it elsewhere."""
    if folder.exists():
        shutil.rmtree(folder)
    if folder.parent.parent == REACHABLE_BY_ALL and folder.parent.exists():
        shutil.rmtree(folder.parent)


def reachable_copy(package: Path, user: User | None) -> Path:
    """The folder of an installed package, or a copy of it that `user` can read.

    The shared libraries of the package (`<package>.libs`) stay beside it.
    """
    if user is None or passable(package):
        return package
    stamp = hashlib.sha256(os.fsencode(f"{package} {package.stat().st_mtime_ns}")).hexdigest()[:12]
    place = REACHABLE_BY_ALL / "programs" / stamp
    if not place.is_dir():
        draft = place.with_name(f"{stamp}.{os.getpid()}")
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, draft / folder.name, symlinks=True)
        _let_all_read(draft)
        draft.replace(place)
    make_reachable(place)
    return place / package.name


def _let_all_read(folder: Path) -> None:
    for path in folder.rglob("*"):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(stat.S_IMODE(mode) | (0o055 if mode & stat.S_IXUSR else 0o044))


def throw_away(folder: Path) -> None:
    """As `delete_folder`, but not waited for: of some hundred databases the files take minutes."""
    if folder.parent.parent == REACHABLE_BY_ALL:
        folder = folder.parent
    if folder.exists():
        gone = folder.rename(folder.with_name(f"{folder.name}.{secrets.token_hex(6)}"))
        subprocess.run(  # noqa: S603 - the folder is ours
            ["/bin/sh", "-c", 'rm -rf "$1" > /dev/null 2>&1 &', "sh", gone],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
        )
