"""Fixtures for tests that need no server."""

import gc

from hypothesis import settings

from tests.support.logs import quiet

settings.register_profile("unit", max_examples=40, deadline=None)  # machines are busy at times
settings.load_profile("unit")
quiet()
gc.disable()


def pytest_collection_finish() -> None:
    """What was imported stays: looking through all of it again and again takes a tenth of the
    time."""
    gc.freeze()
    gc.enable()
