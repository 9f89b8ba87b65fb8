"""Calendars as three readers take them: ical.js, ical4j and recurring-ical-events.

`python -m tests.support.calendar_readers <repository> <folder>` fetches ical4j, and the compiler of
Eclipse, as the Java of the runtime brings none.
"""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import recurring_ical_events
from icalendar import Calendar

from stepwell.runtime.downloads import Download, sha256
from stepwell.runtime.jars import java
from stepwell.runtime.state import cache_folder
from tests.support.tools import node_tools, run

FOLDER = Path(__file__).parents[1] / "contracts" / "java"
PROGRAM = "Calendars"
ICAL4J, ECJ = "4.4.0", "3.43.0"
ENDPOINTS = (f"org.mnode.ical4j:ical4j:{ICAL4J}", f"org.eclipse.jdt:ecj:{ECJ}")
COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"


@dataclass(frozen=True, order=True)
class Held:
    """An occurrence, as a reader shows it."""

    starts: datetime
    ends: datetime
    uid: str
    sequence: int
    status: str


def by_icaljs(content: bytes, folder: Path) -> list[Held]:
    """As ical.js reads it, which most calendars on the web do."""
    tools = node_tools()
    told = json.loads(run("node", tools / "calendar.cjs", _file(content, folder), folder=tools))
    assert not any(one["recurring"] for one in told)
    return sorted(
        Held(_at(o["starts"]), _at(o["ends"]), o["uid"], o["sequence"], o["status"]) for o in told
    )


def by_ical4j(content: bytes, folder: Path) -> list[Held]:
    """As ical4j reads it, which calendars on servers do."""
    lock = json.loads((FOLDER / "lock.json").read_text())
    jars = Download(
        "ical4j",
        cache_folder() / f"ical4j-{ICAL4J}",
        {name: (one["size"], one["sha256"]) for name, one in lock.items()},
        (sys.executable, "-m", "tests.support.calendar_readers"),
    ).ensure()
    classpath, source = f"{jars}/*", FOLDER / f"{PROGRAM}.java"
    classes = jars / sha256(source)[:16]
    if not classes.exists():
        known = ":".join(str(jar) for jar in jars.glob("*.jar"))
        compiler = [COMPILER, "-21", "-nowarn", "-cp", known, "-d", str(folder / "classes")]
        run(java(), "-cp", classpath, *compiler, source, folder=folder)
        shutil.copytree(folder / "classes", classes, dirs_exist_ok=True)
    program = ["-cp", f"{classes}:{classpath}", PROGRAM, _file(content, folder)]
    told = run(java(), *program, folder=folder).splitlines()
    rows = (line.split("\t") for line in told)
    return sorted(
        Held(_at(starts), _at(ends), uid, int(sequence), status)
        for uid, starts, ends, sequence, status in rows
    )


def by_recurring_ical_events(content: bytes, _: Path) -> list[Held]:
    """As recurring-ical-events reads it, which tools in Python do."""
    found = recurring_ical_events.of(Calendar.from_ical(content)).all()
    return sorted(
        Held(
            one.start.astimezone(UTC),
            one.end.astimezone(UTC),
            str(one["uid"]),
            int(one["sequence"]),
            str(one["status"]),
        )
        for one in found
    )


READERS: tuple[Callable[[bytes, Path], list[Held]], ...] = (
    by_icaljs,
    by_ical4j,
    by_recurring_ical_events,
)


def _file(content: bytes, folder: Path) -> Path:
    file = folder / "calendar.ics"
    file.write_bytes(content)
    return file


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def fetch(repository: Path, folder: Path) -> None:
    """The jars of both, with all that they need."""
    from jgo.env import EnvironmentBuilder, LinkStrategy
    from jgo.maven import MavenContext

    builder = EnvironmentBuilder(
        context=MavenContext(repo_cache=repository, timeout=20),
        link_strategy=LinkStrategy.COPY,
        cache_dir=folder / "jgo",
    )
    for endpoint in ENDPOINTS:
        for jar in Path(builder.from_endpoint(endpoint).path).glob("*/*.jar"):
            shutil.move(jar, folder / jar.name)
    shutil.rmtree(folder / "jgo")


if __name__ == "__main__":
    fetch(Path(sys.argv[1]), Path(sys.argv[2]))
