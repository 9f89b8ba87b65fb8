"""Migrations by dbmate: first the tables every service stands on, then the service's own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.settings import SERVICES
from stepwell.runtime.problem import CHECK_FAILED, Problem
from stepwell.runtime.state import PROJECT

SHARED = PROJECT / "shared" / "database" / "migrations"
SETS = (("platform_migrations", SHARED), ("service_migrations", None))


def folder_of(service: str) -> Path:
    """Where the SQL files of a service are."""
    return PROJECT / "services" / service / "migrations"


def migrate(service: str, owner_url: str) -> None:
    """Bring the database of a service to the newest version, as its owner.

    Raises:
        Problem: with what dbmate says.
    """
    dbmate = _dbmate()
    for table, folder in SETS:
        folder = folder or folder_of(service)
        if not folder.is_dir():
            continue
        done = subprocess.run(  # noqa: S603 - our own command, never through a shell
            [
                dbmate,
                "--no-dump-schema",
                "--migrations-dir",
                str(folder),
                "--migrations-table",
                table,
                "migrate",
            ],
            env={**os.environ, "DATABASE_URL": owner_url},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-2:])
            raise Problem(
                f"Migrating {service} from {folder.relative_to(PROJECT)} failed: {reason}",
                exit_code=CHECK_FAILED,
            )


def migrate_all(owner_urls: Mapping[str, str]) -> None:
    """Migrate the databases of all services at once; `owner_urls` maps a service to its URL."""
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        list(pool.map(lambda item: migrate(*item), owner_urls.items()))


def _dbmate() -> str:
    beside = Path(sys.executable).with_name("dbmate")
    found = str(beside) if beside.exists() else shutil.which("dbmate")
    if found is None:
        raise Problem("dbmate is missing: install the extra `migrations` (`uv sync --all-extras`).")
    return found
