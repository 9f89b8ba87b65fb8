"""A policy that could not decide, or would surprise, is refused with the line that is wrong."""

import copy
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from services.intake.level_of_care.policy import by_edition
from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.level_of_care.rules.recommendation import recommend
from shared.datafiles import DataFileInvalid, parse
from tests.unit.intake.levels import FOURTH, POLICY

VALID = """\
id: small
version: "1"
edition: "3"
status: for tests
source: for tests
min_age: 18
levels:
  - {level: "1", name: outpatient, kind: outpatient, hours: {min: 0, max: 8}}
  - {level: "2.1", name: intensive, kind: intensive_outpatient, hours: {min: 9, max: 19}}
  - {level: "3.1", name: residence, kind: residential, hours: {min: 9}, offers: {residential: true}}
program_level: "2.1"
dimensions:
  - {number: "1", name: risk, needs: [{}, {hours: 9}, {hours: 9, residential: true}]}
  - {number: "2", name: wishes, considerations: [none, some]}
dual_diagnosis: {instruments: [phq-9], dimension: "1", rating_from: 1, source: for tests}
comparable_to_residential:
  statement: Outcomes are comparable.
  condition: With minimal risk.
  source: for tests
  for_kinds: [intensive_outpatient]
  at_most: {"1": 1}
"""


def test_a_small_policy_can_be_used():
    policy = parse(LevelOfCarePolicy, VALID, "small.yaml")
    assert recommend(policy, {"1": 1, "2": 0}).level == "2.1"
    assert policy.place_of("3.1") == 2
    assert policy.place_of("9") is None
    assert policy.levels[1].capability.hours == 9


@pytest.mark.parametrize(
    ("was", "is_", "line", "reason"),
    [
        ('program_level: "2.1"', 'program_level: "2.2"', 11, "none of the levels"),
        ('{level: "1",', '{level: "2.1",', 8, "Level 2.1 is there twice"),
        ("{min: 0, max: 8}", "{min: 9, max: 8}", 8, "fewer than the least"),
        ("{min: 0, max: 8}", "{min: 20}", 8, "Level 2.1 is never recommended: 1 before it"),
        ("{hours: 9}, {hours: 9,", "{hours: 9}, {hours: 8,", 13, "Rating 2 asks for less"),
        ("{hours: 9, res", "{hours: 30, res", 13, "No level covers the highest needs"),
        (
            "considerations: [none, some]",
            "considerations: [none, some], risk: {kind: withdrawal_risk, severities: [high]}",
            14,
            "Give a severity, or null, for each of the 2 ratings",
        ),
        ('number: "2"', 'number: "1"', 13, "Dimension 1 is there twice"),
        ("considerations: [none, some]", "needs: []", 14, "Give needs, or considerations"),
        (
            "considerations: [none, some]",
            "considerations: [none], needs: [{}]",
            14,
            "Give needs, or considerations",
        ),
        (
            "needs: [{}, {hours: 9}, {hours: 9, residential: true}]",
            "considerations: [none]",
            13,
            "No dimension sets the level",
        ),
        ('dimension: "1"', 'dimension: "7"', 15, "a dimension that is not there"),
        ('at_most: {"1": 1}', 'at_most: {"8": 1}', 17, "a dimension that is not there"),
        ("  condition: With minimal risk.\n", "", 17, "Field required"),
        ('version: "1"', "version: One of Ours", 2, "String should match pattern"),
        ("kind: outpatient", "kind: hotel", 8, "Input should be 'early_intervention'"),
        ("min_age: 18", "min_age: 18\naverages: true", 7, "Extra inputs are not permitted"),
        ("hours: {min: 9}, offers: {residential: true}", "hours: {min: 9}", 8, "never recommended"),
        (
            "min_age: 18",
            "min_age: 18\nwhen_residential: residential_wins",
            7,
            "Input should be 'join_all'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(was: str, is_: str, line: int, reason: str):
    assert was in VALID
    with pytest.raises(DataFileInvalid, match=reason) as refused:
        parse(LevelOfCarePolicy, VALID.replace(was, is_), "small.yaml")
    assert refused.value.line == line


def test_residences_come_last_where_they_settle_other_needs():
    data: dict[str, Any] = FOURTH.model_dump(exclude_defaults=True)
    levels = list(data["levels"])
    data["levels"] = [*levels[:4], levels[7], *levels[4:7], *levels[8:]]
    with pytest.raises(ValueError, match="residential levels come last"):
        LevelOfCarePolicy.model_validate(copy.deepcopy(data))


def test_one_edition_has_one_policy():
    assert set(by_edition({"a": POLICY, "b": FOURTH})) == {"3", "4"}
    with pytest.raises(ValueError, match="Two level-of-care policies are for edition 3"):
        by_edition({"a": POLICY, "b": POLICY})
    with pytest.raises(ValueError, match="No level-of-care policy is for edition 4"):
        by_edition({"a": POLICY})


def test_the_shipped_policies_say_that_they_are_illustrative_and_claim_nothing():
    for policy in (POLICY, FOURTH):
        assert policy.status.startswith("Illustrative, in our own words")
        assert "makes no claim to follow" in policy.status
        program = policy.levels[policy.place_of(policy.program_level) or 0]
        assert (program.kind, program.hours.min, program.hours.max) == (
            "intensive_outpatient",
            9,
            19,
        )
        by_level = {one.level: one.hours for one in policy.levels}
        assert (by_level["2.5"].min, by_level["2.5"].max) == (20, None)


def test_a_file_is_checked_from_the_command_line(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    good, bad, strange = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "strange.yaml"
    good.write_text(VALID)
    bad.write_text(VALID.replace('program_level: "2.1"', 'program_level: "2.2"'))
    strange.write_bytes(b"\xff\xfe\x00")

    def checked(file: Path) -> int:
        monkeypatch.setattr(sys, "argv", ["", str(file)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("services.intake.level_of_care", run_name="__main__")
        return int(str(ended.value))

    assert checked(good) == 0
    assert LevelOfCarePolicy.model_validate_json(capsys.readouterr().out).id == "small"
    assert checked(bad) == 1
    assert capsys.readouterr().err.startswith(f"{bad}:11: program_level: ")
    assert checked(strange) == 1
    assert capsys.readouterr().err.startswith(f"{strange}:1: ")
