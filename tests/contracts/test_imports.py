"""The walls between services, rules and frameworks: that they stand, and that they would be seen
to fall."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepwell.runtime.state import PROJECT

LINT = Path(sys.executable).with_name("lint-imports")
ROOTS = ("services", "shared", "stepwell")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with the project's contracts on the packages of `folder`."""
    return subprocess.run(
        [LINT, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code that a test may spoil."""
    shutil.copy(PROJECT / ".importlinter", tmp_path)
    for root in ROOTS:
        shutil.copytree(
            PROJECT / root,
            tmp_path / root,
            ignore=lambda folder, names: [
                name
                for name in names
                if name == "__pycache__"
                or not (name.endswith(".py") or (Path(folder) / name).is_dir())
            ],
        )
    return tmp_path


def test_every_wall_stands() -> None:
    done = lint(PROJECT)
    assert done.returncode == 0, done.stdout


SPOILED = {
    "a service imports another": (
        "services/notifications/contacts/queries.py",
        "import services.intake.service",
        "Services know one another through contracts only",
    ),
    "a service imports the command line": (
        "services/scheduling/cohorts/commands.py",
        "import stepwell.operator",
        "The command line and the services stand on shared",
    ),
    "shared imports a service": (
        "shared/worker.py",
        "import services.scheduling.service",
        "The command line and the services stand on shared",
    ),
    "a contract imports the transaction": (
        "shared/contracts/intake.py",
        "import shared.database.transaction",
        "Contracts know no other part of Stepwell",
    ),
    "a rule reads the clock": (
        "services/scheduling/placement/rules/ranking.py",
        "from shared import clock",
        "Rules decide without I/O, framework or clock",
    ),
    "a rule opens a connection": (
        "services/notifications/delivery/rules.py",
        "import asyncpg",
        "Rules decide without I/O, framework or clock",
    ),
    "a rule reaches the web by way of its policy": (
        "services/scheduling/placement/policy.py",
        "import fastapi",
        "Rules decide without I/O, framework or clock",
    ),
    "two capabilities import each other": (
        "services/notifications/contacts/commands.py",
        "import services.notifications.planning.consumers",
        "Capabilities of a service form no cycle",
    ),
    "the code imports its tests": (
        "shared/errors.py",
        "import tests.support",
        "Nothing that runs imports tests or benchmarks",
    ),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_import_linter_notices_when(fault: str, copy: Path) -> None:
    path, statement, contract = SPOILED[fault]
    file = copy / path
    file.write_text(f"{file.read_text('utf-8')}\n{statement}\n", "utf-8")
    done = lint(copy)
    assert done.returncode == 1, done.stdout
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), done.stdout


def imports(file: Path) -> Iterator[str]:
    """The top-level names that a file imports."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_contracts_import_only_pydantic_and_the_standard_library() -> None:
    known = {*sys.stdlib_module_names, "pydantic"}
    for file in (PROJECT / "shared" / "contracts").rglob("*.py"):
        assert set(imports(file)) - known <= {"shared"}, file
