"""Data files: what is wrong is told with file and line, before a service starts."""

import subprocess
import sys
from importlib import resources
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict

from services.intake.access_times.policy import targets
from services.intake.service import service  # noqa: F401 - it declares the data of intake
from shared import datafiles
from shared.datafiles import DataFileInvalid, load_all, parse
from shared.settings import SERVICES
from tests.support.data import read_anew


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    least: int


class Steps(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: str
    steps: list[Step]


SOUND = "version: '1'\nsteps:\n- name: one\n  least: 1\n- name: two\n  least: 2\n"


def test_a_sound_file_is_read() -> None:
    assert parse(Steps, SOUND, "steps.yaml").steps[1].least == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SOUND.replace("least: 2", "least: many"), "steps.yaml:6: steps.1.least: "),
        (SOUND.replace("  least: 1\n", ""), "steps.yaml:3: steps.0.least: Field required"),
        (SOUND + "more: true\n", "steps.yaml:7: more: Extra inputs"),
        (SOUND + "version: '2'\n", "steps.yaml:7: version is there twice"),
        ("version: [", "steps.yaml:"),
        ("", "steps.yaml:1: the file: "),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(DataFileInvalid) as caught:
        parse(Steps, text, "steps.yaml")
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


class Question(BaseModel):
    text: str


def test_a_question_in_braces_is_read_whatever_else_is_installed() -> None:
    """The C part of the YAML library refuses it; see findings/."""
    assert parse(Question, "{text: Is it often?}", "own.yaml").text == "Is it often?"


TARGETS = """
version: 7
source: a test
first_day_counts: true
default: {first_screening: 3, first_service: 9}
"""
HERE, ELSEWHERE = UUID(int=1), UUID(int=2)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an organization's own files."""
    read_anew(monkeypatch, *datafiles.declared("intake"), folder=tmp_path)
    return tmp_path


def write(folder: Path, place: str, text: str = TARGETS) -> None:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_an_organizations_file_takes_the_place_of_ours(own: Path) -> None:
    write(own, "intake/access_times/targets.yaml")
    assert (targets().version, targets().default.first_service) == (7, 9)


def test_a_file_of_one_site_holds_for_that_site_alone(own: Path) -> None:
    write(own, f"sites/{HERE}/intake/access_times/targets.yaml")
    assert targets(HERE).default.first_service == 9
    assert targets(ELSEWHERE) is targets() is targets(None)
    assert targets().default.first_service == 14


def test_a_site_s_file_goes_before_the_organization_s(own: Path) -> None:
    write(own, "intake/access_times/targets.yaml")
    write(own, f"sites/{HERE}/intake/access_times/targets.yaml", TARGETS.replace("9}", "5}"))
    assert targets(HERE).default.first_service == 5
    assert targets(ELSEWHERE).default.first_service == 9


@pytest.mark.parametrize(
    ("place", "text", "told"),
    [
        ("intake/access_times/targets.yaml", "version: x\n", "targets.yaml:1: version: "),
        ("intake/access_times/target.yaml", TARGETS, "target.yaml:1: no data of this service"),
        ("intake/access_time/targets.yaml", TARGETS, "targets.yaml:1: no data of this service"),
        ("intake/access_times/targets.txt", TARGETS, "targets.txt:1: no data of this service"),
        ("sites/north/intake/access_times/targets.yaml", TARGETS, "is not named by the id of a"),
        (f"sites/{HERE}/intake/access_times/other.yaml", TARGETS, "no data of this service"),
        (f"sites/{HERE}/intake/access_times/targets.yaml", "version: x\n", ":1: version: "),
        (f"sites/{HERE}/intake/matching/matching.yaml", None, "are the same at every site"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_start_with_file_and_line(
    own: Path, place: str, text: str | None, told: str
) -> None:
    shipped = resources.files("services.intake.matching") / "data" / "matching.yaml"
    write(own, place, shipped.read_text("utf-8") if text is None else text)
    with pytest.raises(DataFileInvalid) as caught:
        load_all("intake")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPWELL_DATA", str(own / "nowhere"))
    with pytest.raises(DataFileInvalid, match="is no folder"):
        load_all("intake")


@pytest.mark.parametrize("name", SERVICES)
def test_all_that_ships_can_be_used_and_nothing_is_read_at_import(name: str) -> None:
    imported = f"import services.{name}.service; from shared import datafiles as d; "
    read = "print(any(x in y.__dict__ for y in d.declared(sys.argv[1]) for x in ('_everywhere',)))"
    code = f"import sys; {imported}{read}; d.load_all(sys.argv[1]); print('all')"
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "all"], done.stderr
