"""Data files: what is wrong is told with file and line, before a service starts."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from shared.datafiles import DataFileInvalid, parse, read_all


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


def test_an_organizations_file_takes_the_place_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "own.yaml").write_text(SOUND)
    monkeypatch.setenv("STEPWELL_DATA", str(tmp_path))
    assert list(read_all(Steps, "shared.contracts", "steps")) == ["own"]
    monkeypatch.setenv("STEPWELL_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataFileInvalid, match="is no folder"):
        read_all(Steps, "shared.contracts", "steps")
