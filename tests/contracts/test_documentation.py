"""Documents point at what is there."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from portal.settings import Settings as PortalSettings
from shared.clock import CLOCK_FILE
from shared.datafiles import FOLDER as DATA_FOLDER
from shared.settings import OWN, SERVICES, Settings
from shared.web.application import allowed_roles, open_because
from stepwell.main import COMMANDS
from stepwell.runtime.state import PROJECT
from tests.support.apis import APPS

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


def test_every_page_is_listed() -> None:
    """By docs/README.md, and a decision by the list of decisions."""
    docs = PROJECT / "docs"
    lists = [docs / "README.md", docs / "decisions" / "README.md"]
    listed = {
        (page.parent / target).resolve()
        for page in lists
        for target in LINK.findall(page.read_text("utf-8"))
    }
    pages = set(docs.rglob("*.md")) - set(lists[:1])
    assert sorted(page.name for page in pages if page.resolve() not in listed) == []


def test_every_metric_is_explained() -> None:
    page = (PROJECT / "docs/operations/events.md").read_text("utf-8")
    code = "".join(
        path.read_text("utf-8")
        for folder in ("shared", "services")
        for path in (PROJECT / folder).rglob("*.py")
    )
    made = set(re.findall(r'(?:Counter|Gauge|Histogram)\(\s*"(stepwell_\w+)"', code))
    assert len(made) > 15
    assert made == set(re.findall(r"`(stepwell_\w+)`", page.partition("## What to watch")[2]))


def test_every_variable_of_a_process_is_explained() -> None:
    page = (PROJECT / "docs/operations/own-servers.md").read_text("utf-8")
    read = {field.alias for field in Settings.model_fields.values() if field.alias}
    services = {f"STEPWELL_URL_{service.upper()}" for service in SERVICES}
    explained = (
        read - services | {CLOCK_FILE, DATA_FOLDER} | {f"{n.upper()}_<SERVICE>" for n in OWN}
    )
    assert sorted(name for name in explained if f"`{name}`" not in page) == []
    portal = (PROJECT / "docs/portal.md").read_text("utf-8").partition("## Settings")[2]
    asked = {field.alias for field in PortalSettings.model_fields.values()} - services
    assert sorted(name for name in asked if f"`{name}`" not in portal) == []


def test_the_page_on_security_names_the_routes_that_need_no_token() -> None:
    page = (PROJECT / "SECURITY.md").read_text("utf-8")
    table = page.partition("### Routes without a token")[2].partition("\n\nThe local")[0]
    told = {
        (service, place)
        for service, places in re.findall(r"^\| (\w+) \| (`[^|]+`) \|", table, re.M)
        for place in re.findall(r"`/([\w.-]+)`", places)
    }
    found = {
        (name if open_because(route) else "each", route.path.split("/")[1])
        for name, app in APPS.items()
        for route in app.routes
        if isinstance(route, APIRoute) and not allowed_roles(route)
    }
    assert told == found | {("each", "docs"), ("each", "openapi.json")}


def test_the_glossary_has_forty_words_at_most_and_each_word_once() -> None:
    words = re.findall(
        r"^\| \*\*(.+?)\*\* \|", (PROJECT / "docs/glossary.md").read_text("utf-8"), re.M
    )
    assert 0 < len(words) <= 40
    assert len(set(words)) == len(words)


MADE_IN_THE_WALK = {
    "services/scheduling/migrations/NNNN_closed_sites.sql",
    "tests/integration/test_intake_closed_sites.py",
    "tests/unit/intake/test_directory.py",
}
"""What docs/first-change.md has its reader write."""


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(PROJECT)))
def test_every_file_that_is_named_from_the_root_exists(file: Path) -> None:
    named = re.findall(r"`((?:services|shared|stepwell|tests)/[\w./-]+)`", file.read_text("utf-8"))
    gone = {path for path in named if not (PROJECT / path).exists()}
    if file.name == "first-change.md":
        assert set(named) >= MADE_IN_THE_WALK
        gone -= MADE_IN_THE_WALK
    assert gone == set()


PAGES_OF_SERVICES = [*(PROJECT / "docs").glob("*.md"), *(PROJECT / "docs" / "intake").glob("*.md")]
SHIPPED = {
    place
    for path in (PROJECT / "services").glob("*/*/data/**/*.*")
    for place in (str(path), "/" + str(path.relative_to(PROJECT / "services")).replace("data/", ""))
}
"""Our data files by where they lie, and by where an organization's own would."""


@pytest.mark.parametrize("file", PAGES_OF_SERVICES, ids=lambda file: file.name)
def test_a_data_file_is_named_as_an_organization_would_have_to_name_its_own(file: Path) -> None:
    named = re.findall(r"`[^`\s]*?(\w+/[\w./-]+\.(?:yaml|json))`", file.read_text("utf-8"))
    data = {
        re.sub(r"^(STEPWELL_DATA|sites|id)/", "", name)
        for name in named
        if not (PROJECT / name).exists() and not name.startswith("contracts/")
    }
    assert {one for one in data if not any(p.endswith("/" + one) for p in SHIPPED)} == set()


def test_what_the_walk_takes_from_the_code_is_there() -> None:
    page = (PROJECT / "docs" / "first-change.md").read_text("utf-8")
    for module, names in re.findall(r"^from ((?:shared|tests)[\w.]*) import (.+)$", page, re.M):
        for name in set(names.split(", ")) - {"SiteClosed"}:
            assert hasattr(import_module(module), name), f"{module}.{name}"


PARTS_OF_THE_WALK = {
    "class SiteClosed(": "shared/contracts/scheduling.py",
    "    closed_at: Instant": "services/scheduling/directory/schemas.py",
    "class SiteIsClosed(": "services/scheduling/directory/commands.py",
    "@sites.post(": "services/scheduling/directory/routes.py",
    "from datetime import datetime\n": "services/intake/directory/rules.py",
    "CLOSED = ": "services/intake/directory/queries.py",
    "CLOSE = ": "services/intake/directory/commands.py",
    "@consumers.on_many(": "services/intake/directory/consumers.py",
    "    await require_open(": "services/intake/referrals/receiving.py",
    "from datetime import UTC": "tests/unit/intake/test_directory.py",
    "from shared.contracts.base": "tests/integration/test_intake_closed_sites.py",
}
"""How each piece of Python in docs/first-change.md begins, and the file that it is added to."""
IMPORTED_IN_THE_WALK = {"Conflict", "SiteClosed", "close_sites", "require_open", "takes_referrals"}
"""What its reader has to import: it is made in the walk, but for the refusal of the house."""


def test_what_the_walk_adds_uses_names_that_its_file_has() -> None:
    page = (PROJECT / "docs" / "first-change.md").read_text("utf-8")
    parts = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    assert len(parts) == len(PARTS_OF_THE_WALK)
    for part, (begins, file) in zip(parts, PARTS_OF_THE_WALK.items(), strict=True):
        assert part.startswith(begins)
        path = PROJECT / file
        before = path.read_text("utf-8") if path.exists() else ""
        inside = f"class Part:\n{part}" if "Field(" in part else f"async def part(tx, new):\n{part}"
        ruff = Path(sys.executable).with_name("ruff")
        checked = subprocess.run(
            [ruff, "check", "--isolated", "--select=F821", "--output-format=concise", "-"],
            input=f"{before}\n\n{inside if part.startswith(' ') else part}",
            capture_output=True,
            text=True,
        )
        unknown = set(re.findall(r"F821 Undefined name `(\w+)`", checked.stdout))
        assert unknown <= IMPORTED_IN_THE_WALK, file
        assert "invalid-syntax" not in checked.stdout, file
