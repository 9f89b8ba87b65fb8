"""The table of what real parts do: its tests exist, and its versions are those of the lock file."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "real-behaviour.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| what was seen")
]
LOCKED = {
    package["name"]: package.get("version")
    for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
}
DOWNLOADED = {file.stem for file in (ROOT / "stepwell" / "runtime" / "locks").glob("*.json")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_a_row_names_a_test_that_exists(row: list[str]) -> None:
    assert len(row) == 4
    file, _, name = row[3].strip("`| ").partition("::")
    written = (ROOT / file).read_text()
    assert re.search(rf"^(async )?def {name}\(", written, re.MULTILINE), row[3]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_a_version_is_the_one_in_the_lock_file(row: list[str]) -> None:
    for name, version in re.findall(r"`([a-z0-9-]+) ([0-9][0-9a-z.]*)`", row[1]):
        assert LOCKED[name] == version, f"{name}: look again, and then change the row"
    for name, version in re.findall(r"(Kafka|Keycloak) ([0-9.]+)", row[1]):
        assert f"{name.lower()}-{version}" in DOWNLOADED


def test_the_table_is_not_empty() -> None:
    assert len(ROWS) >= 80
