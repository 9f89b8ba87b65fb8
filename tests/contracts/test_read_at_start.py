"""What a service cannot do without is read when it starts, not with the first event; no more is."""

import subprocess
import sys


def test_texts_and_timing_are_read_before_the_service_starts() -> None:
    program = (
        "import services.notifications.service as s; import shared.settings as t\n"
        "from services.notifications.texts.policy import templates as texts\n"
        "from services.notifications.timing.policy import timing_policy as p\n"
        "def told(*_): print(*('_everywhere' in vars(one) for one in (texts, p))); exit()\n"
        "t.load = told\n"
        "from shared.process import main; main('notifications', ['api'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["True", "True"]


def test_the_stream_worker_imports_nothing_that_it_does_not_use() -> None:
    program = (
        "import sys, shared.process, services.outcomes.engagement.stream\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    unused = {"fastapi", "starlette", "uvicorn", "asyncpg", "httpx", "pyarrow", "vl_convert"}
    assert not unused & set(done.stdout.split())
