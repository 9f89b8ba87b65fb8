"""Documents point at what is there."""

import re
from pathlib import Path

import pytest

from shared.contracts.topics import EVENTS
from shared.settings import SERVICES
from stepwell.main import COMMANDS
from stepwell.runtime.state import PROJECT

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(PROJECT)))
def test_every_link_leads_to_a_file(file: Path) -> None:
    targets = LINK.findall(file.read_text("utf-8"))
    assert [target for target in targets if not (file.parent / target).exists()] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(PROJECT)))
def test_every_command_that_is_named_exists(file: Path) -> None:
    text = file.read_text("utf-8")
    named = set(re.findall(r"(?:`|\.venv/bin/)stepwell ([a-z-]+)", text))
    made = set(re.findall(r"`make ([a-z]+)", text))
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text("utf-8"), re.M))
    assert named <= COMMANDS.keys()
    assert made <= targets


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_a_page_that_names_what_it_publishes(service: str) -> None:
    page = (PROJECT / "docs" / f"{service}.md").read_text("utf-8")
    published = {
        event.__name__ for event in EVENTS if event.__module__ == f"shared.contracts.{service}"
    }
    assert {name for name in published if name not in page} == set()
