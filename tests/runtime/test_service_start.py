"""A service that cannot start says why in one line."""

import os
import subprocess
import sys
from pathlib import Path


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
