"""What runs of changed rules (`make mutants`) need of the tests of intake."""

import pytest

from services.intake.screening.rules import prepared


@pytest.fixture(autouse=True)
def made_anew() -> None:
    """Make all tables in each test, so that all of them see a change to how they are made."""
    prepared._READY.clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its id under the name by which mutmut 3.7 looks for it."""
    for item in items:
        item.__dict__.setdefault("_nodeid", item.nodeid)
