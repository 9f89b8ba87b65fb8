"""Time comes from one place, so that a test clock moves everything and nothing else does."""

import ast
from collections.abc import Iterator
from pathlib import Path

from stepwell.runtime.state import PROJECT

READS = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "gmtime"),
    ("time", "localtime"),
}
ALLOWED = {
    "shared/clock.py": "the one place that answers what time it is",
    "services/outcomes/board/live.py": "a stream ends with the caller's token",
    "shared/access/tokens.py": "tokens expire by the wall clock, whatever the test clock shows",
    "stepwell/region/story.py": "begins a span: spans last as long as the machine says",
    "stepwell/region/trace_root.py": "ends that span",
    "stepwell/runtime/mail.py": "signed calls are believed by the wall clock alone",
    "stepwell/runtime/keys.py": "the local issuer dates tokens by the wall clock",
}
"""Files that may read the machine's clock, and why that is no fact of the domain.

How long something took, and when to try again, is measured with `time.monotonic` everywhere.
"""


def reads(source: str) -> Iterator[int]:
    """The lines on which the machine's clock is read, or handed on to be read."""
    tree = ast.parse(source)
    named = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
        if ("time", alias.name) in READS
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", None)
            if (name, node.attr) in READS:
                yield node.lineno
        elif isinstance(node, ast.Name) and node.id in named:
            yield node.lineno


def sources() -> Iterator[Path]:
    for root in ("services", "shared", "stepwell"):
        yield from sorted((PROJECT / root).rglob("*.py"))


def test_only_the_listed_files_read_the_machines_clock() -> None:
    found = {
        str(file.relative_to(PROJECT)): lines
        for file in sources()
        if (lines := list(reads(file.read_text("utf-8"))))
    }
    assert found.keys() <= ALLOWED.keys(), "use shared.clock, or say here why it is no fact"


def test_a_read_of_the_clock_is_recognised_however_it_is_written() -> None:
    for source in (
        "import datetime\nat = datetime.datetime.now()",
        "from datetime import datetime\nat = datetime.now(UTC)",
        "from datetime import date\nday = date.today()",
        "import time\nat = time.time()",
        "import time\nField(default_factory=time.time)",
        "from time import time as seconds\nat = seconds()",
    ):
        assert list(reads(source)) == [2], source
    assert not list(reads("from shared import clock\nat = clock.now()"))
    assert not list(reads("import time\nstarted = time.monotonic()"))
