"""What a service cannot do without is read when it starts, not with the first event."""

import subprocess
import sys


def test_texts_and_timing_are_read_before_the_service_starts() -> None:
    program = (
        "import services.notifications.service;"
        "from services.notifications.delivery.texts import texts;"
        "from services.notifications.timing.policy import timing_policy;"
        "print(texts.cache_info().misses, timing_policy.cache_info().misses)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["1", "1"]
