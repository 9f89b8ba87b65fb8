"""Where the local system keeps its things.

The state folder (`.stepwell/` in the project, or `STEPWELL_STATE`) holds data, logs, keys and
generated passwords. The cache folder (`~/.cache/stepwell`, or `STEPWELL_CACHE`) holds downloads.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepwell.runtime.problem import WRONG_USE, Problem

PROJECT = Path(__file__).resolve().parents[2]
MARKED = "This folder belongs to Stepwell: `stepwell reset` deletes what it put here.\n"
BEFORE_MARKERS = {"kafka", "logs", "mail"}
"""What was in every state folder before folders were marked, beside a file of secrets."""


def cache_folder() -> Path:
    """The folder of downloads, shared by all checkouts of a user."""
    if chosen := os.environ.get("STEPWELL_CACHE"):
        return Path(chosen).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stepwell"


@dataclass(frozen=True)
class State:
    """The paths below one state folder."""

    folder: Path

    @classmethod
    def default(cls) -> "State":
        chosen = os.environ.get("STEPWELL_STATE")
        return cls(Path(chosen).expanduser().resolve() if chosen else PROJECT / ".stepwell")

    @property
    def marker(self) -> Path:
        return self.folder / "stepwell-state"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def channels(self) -> Path:
        """Who carries text messages and calls."""
        return self.folder / "channels.json"

    @property
    def kafka(self) -> Path:
        return self.folder / "kafka"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def telling(self) -> Path:
        return self.folder / "telling"

    @property
    def processes(self) -> Path:
        return self.folder / "processes.json"

    @property
    def environment(self) -> Path:
        return self.folder / "environment.json"

    @property
    def topics(self) -> Path:
        return self.kafka / "topics"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def subscribers(self) -> Path:
        return self.folder / "subscribers.json"

    @property
    def issuer_key(self) -> Path:
        return self.folder / "issuer-key.json"

    @property
    def last_error(self) -> Path:
        return self.folder / "last-error.log"

    def exists(self) -> bool:
        """Whether a Stepwell keeps its things here; not when the folder is empty or missing.

        Raises:
            Problem: the folder cannot be read, or holds things that are not Stepwell's.
        """
        try:
            if self.marker.exists():
                return True
            present = {entry.name for entry in self.folder.iterdir()}
        except FileNotFoundError:
            return False
        except OSError as error:
            raise unusable(self.folder, error) from None
        secret = {self.secrets.name, self.issuer_key.name} & present
        if self.marker.name in present or (secret and present >= BEFORE_MARKERS):
            return True
        if present:
            raise Problem(
                f"The folder {self.folder} holds things that are not Stepwell's: "
                "set STEPWELL_STATE to a new or an empty folder.",
                exit_code=WRONG_USE,
            )
        return False

    def create(self) -> None:
        """Make the folders that are missing. Others may pass through, not look: the database may
        run as another user, and every file with a secret is readable by its owner only.

        Raises:
            Problem: the folder cannot be written, or holds things that are not Stepwell's.
        """
        self.exists()
        try:
            if not self.folder.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                self.folder.chmod(0o711)
            if not self.marker.exists():
                self.marker.write_text(MARKED)
            for folder in (self.logs, self.mail, self.kafka):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise unusable(self.folder, error) from None


def unusable(folder: Path, error: OSError) -> Problem:
    """What to say when the state folder cannot be used."""
    return Problem(
        f"The state folder {folder} cannot be written ({error.strerror}): "
        "set STEPWELL_STATE to a folder that can."
    )


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, replaced at once.

    Raises:
        Problem: the folder cannot be written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        raise unusable(path.parent, error) from None


def read_json(path: Path) -> Any:
    """The content of a JSON file of the state folder; None when it is missing or broken."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None
