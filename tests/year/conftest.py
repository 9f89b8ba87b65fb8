"""One year of a small region, lived once for all tests of this folder."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from stepwell.region.api import Services
from stepwell.region.year.calendar import OPENS_ON
from stepwell.region.year.drive import live_year
from stepwell.region.year.generate import make_year
from stepwell.region.year.walk import YearWalk
from stepwell.runtime import clock_file
from stepwell.runtime.disposable import free_base
from tests.support.installed import Installed
from tests.year.computed import Computed
from tests.year.figures import Checkpoint, look, look_at_board

HOUR = 15


@pytest.fixture(scope="package")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Checkpoint]]:
    """What the services answered on each day that the year was looked at."""
    installed = Installed(tmp_path_factory.mktemp("year") / "state", free_base(), story=False)
    installed.state.create()
    opens = datetime.combine(OPENS_ON, datetime.min.time(), UTC).replace(hour=HOUR)
    clock_file.create(installed.state.clock, opens)
    try:
        installed.up()
        yield asyncio.run(_live(installed))
        assert installed.down() in (0, 130)
    finally:
        if installed.process is not None and installed.process.poll() is None:
            installed.process.kill()
        installed.run("reset")


@pytest.fixture(scope="package")
def year(lived: list[Checkpoint]) -> list[Computed]:
    """What the journals say of each of these days."""
    return [Computed(taken) for taken in lived]


async def _live(installed: Installed) -> list[Checkpoint]:
    year = make_year()
    found: list[Checkpoint] = []
    evenings: list[dict[str, Any]] = []
    since = {until: since for since, until in pairwise((OPENS_ON, *year.looked_at))}

    async def take(walk: YearWalk, day: date) -> None:
        found.append(await look(walk, installed.environment, since[day], day))

    async def take_board(walk: YearWalk, day: date) -> None:
        evenings.append(await look_at_board(walk, installed.environment))

    async with Services(installed.environment, subject="year") as services:
        await live_year(services, year, take, take_board)
    found[-1].evenings = evenings
    return found
