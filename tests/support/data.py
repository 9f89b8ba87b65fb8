"""An organization's own data files in a test."""

from pathlib import Path
from typing import Any

import pytest

from shared.datafiles import Data


def read_anew(monkeypatch: pytest.MonkeyPatch, *data: Data[Any], folder: Path) -> None:
    """Let `data` be read again, with the files of `folder`; what was read before comes back at the
    end of the test."""
    for declared in data:
        declared.load()  # so that there is something to come back
    monkeypatch.setenv("STEPWELL_DATA", str(folder))
    for declared in data:
        for known in ("_everywhere", "of_sites"):
            monkeypatch.delitem(vars(declared), known, raising=False)
