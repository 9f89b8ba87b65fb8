"""Fixtures of the integration tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stepwell.runtime.disposable import Stack
from tests.support.coverage import Payments
from tests.support.flow import Intake, opened
from tests.support.notifications import Desk, open_desk
from tests.support.outcomes import opened as database_of
from tests.support.questionnaires import Questionnaires
from tests.support.subscriber import Subscriber
from tests.support.system import System
from tests.support.texting import Texting, open_texting


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes, so that no process works alone at the end."""
    items.sort(key=lambda item: "fuzzed" not in item.nodeid)


@pytest.fixture
async def intake(system: System) -> Intake:
    """Intake with a site, and without its worker, so that a test says when a job runs."""
    return await opened(system)


@pytest.fixture
async def working_intake(system: System) -> Intake:
    """Intake with a site and with its worker: jobs, the relay and the consumer run."""
    return await opened(system, roles=("api", "worker"))


@pytest.fixture
async def payments(intake: Intake) -> AsyncIterator[Payments]:
    """Coverage and authorizations, as the front desk enters them."""
    system = intake.system
    async with database_of(system, "intake") as database:
        yield Payments(intake, database, system.client("intake", "front_desk", [intake.site]))


@pytest.fixture
async def questionnaires(working_intake: Intake) -> Questionnaires:
    """Questionnaires of intake, with its worker, which lets them expire."""
    return Questionnaires(working_intake)


@pytest.fixture
async def subscriber(system: System) -> AsyncIterator[Subscriber]:
    """A consumer on the outcomes database, to which a test hands events."""
    made = Subscriber(system)
    await made.database.open()
    yield made
    await made.feed.close()
    await made.database.close()


@pytest.fixture
async def desk(
    stack: Stack, test_clock: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """Notifications alone, told of events by the test, with a mail server that answers as told."""
    async with open_desk(stack, test_clock, monkeypatch) as opened:
        yield opened


@pytest.fixture
async def texting(desk: Desk, tmp_path: Path) -> AsyncIterator[Texting]:
    """Notifications with two providers of text messages that answer as told."""
    async with open_texting(desk, tmp_path) as opened:
        yield opened
