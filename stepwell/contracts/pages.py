"""The tables of a service's page in `docs/`: which events it publishes, and which it reacts to.

What is published, and what it says, comes from the contracts. Which events are reacted to, and in
which capabilities, comes from the handlers; what follows is a sentence that people write, in the
table itself: it is kept when the table is written again, and events with the same one share a row.
"""

import importlib
import re
from collections.abc import Iterable
from pathlib import Path

from shared.contracts.base import Event
from shared.contracts.topics import BY_STREAM, EVENTS
from shared.messaging.handlers import Registry
from shared.settings import SERVICES
from stepwell.runtime.state import PROJECT

FOLDER = PROJECT / "docs"
PART = "<!-- {name}: written by `stepwell contracts` -->\n{text}<!-- end of {name} -->"
ROW = re.compile(r"^\| (?P<events>`.*?) \| .*? \| ?(?P<follows>.*?) ?\|$", re.M)
Reactions = dict[type[Event], list[str]]
"""Event → the capabilities that have a handler of it."""


class PageWithoutMarkers(ValueError):
    """A page lacks the two comments between which a table stands."""


def reactions(registry: Registry) -> Reactions:
    """What a service reacts to, in the order of the contracts."""
    return {
        event: sorted(handler.capability for handler in registry.by_type[event.type_name()])
        for event in EVENTS
        if event.type_name() in registry.by_type
    }


def reactions_of(service: str) -> Reactions:
    """What the service of that name reacts to."""
    declared = importlib.import_module(f"services.{service}.service").service
    return reactions(Registry(service, declared.consumers))


def publishes(events: Iterable[type[Event]]) -> str:
    """A table of events for each topic; what an event says is its docstring's first paragraph."""
    by_stream: dict[str, list[type[Event]]] = {}
    for event in events:
        by_stream.setdefault(event.stream, []).append(event)
    text = ""
    for stream, carried in by_stream.items():
        rows = "".join(f"| `{event.__name__}` | {_says(event)} |\n" for event in carried)
        text += f"\nOn `{BY_STREAM[stream].name}`:\n\n| event | says |\n|---|---|\n{rows}"
    return f"{text}\n"


def reacts_to(found: Reactions, sentences: dict[str, str]) -> str:
    """The table of `found`, with what follows from each event by `sentences`."""
    rows: dict[tuple[str, str], list[str]] = {}
    for event, capabilities in found.items():
        sentence = sentences.get(event.__name__, "")
        same = (", ".join(capabilities), sentence or event.__name__)
        rows.setdefault(same, []).append(event.__name__)
    text = "\n| event | in | what follows |\n|---|---|---|\n"
    for (where, _), names in rows.items():
        which = ", ".join(f"`{name}`" for name in names)
        text += f"| {which} | {where} | {sentences.get(names[0], '')} |\n"
    return f"{text}\n"


def sentences_of(page: str) -> dict[str, str]:
    """What follows from each event, as the page says."""
    return {
        name: row["follows"]
        for row in ROW.finditer(_part(page, "reacts to"))
        for name in re.findall(r"`(\w+)`", row["events"])
    }


def up_to_date(page: str, published: Iterable[type[Event]], found: Reactions) -> str:
    """The page with both tables as the code has them.

    Raises:
        PageWithoutMarkers: it does not say where the tables stand.
    """
    reacting = PART.format(name="reacts to", text=reacts_to(found, sentences_of(page)))
    publishing = PART.format(name="publishes", text=publishes(published))
    page = page.replace(_part(page, "reacts to"), reacting)
    return page.replace(_part(page, "publishes"), publishing)


def generated(folder: Path = FOLDER) -> dict[Path, str]:
    """Every service's page as it has to be."""
    return {
        path: up_to_date(path.read_text("utf-8"), _published_by(service), reactions_of(service))
        for service in SERVICES
        if (path := folder / f"{service}.md")
    }


def outdated(folder: Path = FOLDER) -> list[Path]:
    """The pages that do not say what the code has."""
    return [path for path, text in generated(folder).items() if path.read_text("utf-8") != text]


def write(folder: Path = FOLDER) -> list[Path]:
    """Bring the pages up to date; returns those that changed."""
    pages = generated(folder)
    changed = outdated(folder)
    for path in changed:
        path.write_text(pages[path], encoding="utf-8")
    return changed


def _published_by(service: str) -> list[type[Event]]:
    return [event for event in EVENTS if BY_STREAM[event.stream].producer == service]


def _says(event: type[Event]) -> str:
    return " ".join((event.__doc__ or "").split("\n\n")[0].split())


def _part(page: str, name: str) -> str:
    first, last = PART.format(name=name, text="\0").split("\0")
    found = re.search(f"{re.escape(first)}.*?{re.escape(last)}", page, re.S)
    if found is None:
        raise PageWithoutMarkers(f"The page needs a line {first.strip()}, and a line {last}.")
    return found[0]
