"""The passwords of the local system: made once, kept in the state folder."""

import json
import secrets
from pathlib import Path

from stepwell.runtime.problem import Problem
from stepwell.runtime.state import read_json, write_private


class Secrets:
    """Passwords generated once per installation and kept in a file.

    Raises:
        Problem: the file is there and cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        if path.exists():
            known = read_json(path)
            if not isinstance(known, dict) or not all(isinstance(w, str) for w in known.values()):
                raise Problem(
                    f"The passwords in {path} are unreadable: restore that file, or delete all "
                    "data with `make reset`."
                )
            self._known = known

    def get(self, *names: str) -> dict[str, str]:
        """The passwords of `names`; those that do not exist yet are made and stored."""
        missing = [name for name in names if name not in self._known]
        if missing:
            self._known |= {name: secrets.token_urlsafe(24) for name in missing}
            write_private(self._path, json.dumps(self._known, indent=2))
        return {name: self._known[name] for name in names}

    def of_data(self, name: str, data: Path) -> str:
        """The password that `data` was made with; a new one while there is no data.

        Raises:
            Problem: there is data, and its password is lost.
        """
        if name not in self._known and data.exists():
            raise Problem(
                f"The password of {data} is not in {self._path} any more: restore that file, or "
                "delete all data with `make reset`."
            )
        return self.get(name)[name]
