"""Where the local system keeps its things.

The state folder (`.stepwell/` in the project, or `STEPWELL_STATE`) holds data, logs, keys and
generated passwords. The cache folder (`~/.cache/stepwell`, or `STEPWELL_CACHE`) holds downloads.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]


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
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

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
    def processes(self) -> Path:
        return self.folder / "processes.json"

    @property
    def environment(self) -> Path:
        return self.folder / "environment.json"

    @property
    def topics(self) -> Path:
        return self.folder / "topics"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def issuer_key(self) -> Path:
        return self.folder / "issuer-key.json"

    def create(self) -> None:
        """Make the folders. Others may pass through, not look: the database may run as another
        user, and every file with a secret is readable by its owner only."""
        for folder in (self.folder, self.logs, self.mail, self.kafka):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        self.folder.chmod(0o711)


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, replaced at once."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    draft.replace(path)


def read_json(path: Path) -> Any:
    """The content of a JSON file of the state folder; None when it is missing or broken."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


class Secrets:
    """Passwords generated once per installation and kept in the state folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = read_json(path) or {}

    def get(self, *names: str) -> dict[str, str]:
        """The passwords of `names`; those that do not exist yet are made and stored."""
        missing = [name for name in names if name not in self._known]
        if missing:
            self._known |= {name: secrets.token_urlsafe(24) for name in missing}
            write_private(self._path, json.dumps(self._known, indent=2))
        return {name: self._known[name] for name in names}
