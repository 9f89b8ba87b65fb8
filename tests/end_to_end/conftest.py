"""One installation for all end-to-end tests: started by `stepwell up`, with its story told."""

from collections.abc import Iterator

import pytest

from stepwell.runtime.disposable import free_base
from tests.support.installed import Installed


@pytest.fixture(scope="package")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The system after its first story."""
    installed = Installed(tmp_path_factory.mktemp("told") / "state", free_base())
    try:
        installed.up()
        yield installed
        assert installed.down() in (0, 130)
    finally:
        if installed.process is not None and installed.process.poll() is None:
            installed.process.kill()
        installed.run("reset")
