"""A service that cannot start says why in one line."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.starting import environment


def test_a_service_does_not_start_with_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.intake"],
        env={**os.environ, "STEPWELL_DATA": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "STEPWELL_DATA" in done.stderr


def test_a_service_that_waits_for_its_database_stops_when_it_is_asked_to() -> None:
    waiting = subprocess.Popen(
        [sys.executable, "-m", "services.outcomes", "api"],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert waiting.stdout is not None
        assert any("database_awaited" in line for line in waiting.stdout)
        waiting.send_signal(signal.SIGTERM)
        waiting.communicate(timeout=10)
    finally:
        waiting.kill()
        waiting.wait()
    assert waiting.returncode != 0
