"""Files that are made from the code: brought up to date in their folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path


def bring_up_to_date(folder: Path, files: Mapping[str, str], changed: Iterable[str]) -> None:
    """Write those of `files` (path below `folder` → content) that `changed` names; what it names
    beside them is deleted."""
    for path in changed:
        target = folder / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(files[path], encoding="utf-8")
        else:
            target.unlink()
