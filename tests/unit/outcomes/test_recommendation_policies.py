"""Which policies are refused, with the line of what is wrong."""

import json
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from services.outcomes import step_down as package
from services.outcomes.step_down.policy import RecommendationPolicy, by_level, policies
from shared.datafiles import DataFileInvalid, load_all, parse
from tests.support.data import read_anew
from tests.support.recommendations import POLICY, found, policy_of, with_change

DOWN = ("step_down", "rules")
UP = ("step_up", "rules")
BAM: dict[str, object] = {
    "name": "risk",
    "figure": "score",
    "instrument": "bam",
    "subscale": "risk",
}
BAM |= {"max_age_days": 35, "source": "Test"}
ATTENDS = {"name": "attends", "figure": "attendance_percent", "at_least": 90, "source": "Test"}


def told(place: tuple[str | int, ...], value: object) -> str:
    """What is said of the shipped policy with one thing changed."""
    text = json.dumps(with_change(place, value), indent=1)
    with pytest.raises(DataFileInvalid) as refused:
        parse(RecommendationPolicy, text, "own.json")
    return refused.value.reason


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        ((*DOWN, 1, "source"), None, "step_down.rules.1.source: Field required"),
        ((*DOWN, 1, "at_leats"), 80, "step_down.rules.1.at_leats: Extra inputs"),
        ((*DOWN, 1, "figure"), "mood", "step_down.rules.1.figure: Input should be"),
        ((*DOWN, 1, "at_most"), 90, "attendance_rate needs either at_least or at_most."),
        ((*DOWN, 1, "at_least"), None, "attendance_rate needs either at_least or at_most."),
        (
            (*DOWN, 1, "at_least"),
            101,
            "attendance_rate is never met: attendance_percent is from 0 to 100.",
        ),
        ((*DOWN, 0, "at_least"), 5, "weeks_observed is never met: weeks_observed is from 0 to 4."),
        ((*DOWN, 2, "at_most"), -1, "no_recent_miss is never met: consecutive_missed is from 0"),
        ((*UP, 2, "at_least"), 28, "phq_9_severe is never met: score is from 0 to 27."),
        ((*UP, 3, "at_least"), 28, "phq_9_worse is never met: score_change is from -27 to 27."),
        ((*UP, 1, "at_least"), 5, "hours_short is never met: short_weeks is from 0 to 4."),
        ((*DOWN, 1, "at_least"), 0, "attendance_rate is always met: attendance_percent"),
        ((*DOWN, 4, "at_most"), 21, "gad_7 is always met: score is from 0 to 21."),
        ((*DOWN, 1, "keeps"), 81, "attendance_rate: keeps is stricter than the bound"),
        ((*DOWN, 3, "keeps"), 8, "phq_9: keeps is stricter than the bound"),
        ((*DOWN, 3, "instrument"), "phq-10", "phq_9: there is no measure phq-10; known: phq-9, "),
        ((*DOWN, 4, "safety_item"), "negative", "gad_7: gad-7 has no safety item"),
        ((*DOWN, 4, "instrument"), "bam", "gad_7: bam has no total; it has use, risk, protective."),
        ((*DOWN, 4, "subscale"), "use", "gad_7: gad-7 has no use; it has its total only."),
        ((*DOWN, 1, "subscale"), "use", "attendance_rate: attendance_percent has no subscale."),
        (
            (*DOWN, 4),
            {**BAM, "at_most": 24},
            "step_down.rules.4: risk is always met: score is from 0 to 24.",
        ),
        ((*DOWN, 3, "safety_item"), "positive", "step_down.rules.3.safety_item: Input should be"),
        ((*DOWN, 3, "instrument"), None, "phq_9: score needs instrument."),
        ((*DOWN, 3, "max_age_days"), None, "phq_9: score needs max_age_days."),
        ((*UP, 3, "max_age_days"), None, "phq_9_worse: score_change needs max_age_days."),
        ((*UP, 1, "weeks"), None, "hours_short: short_weeks needs weeks."),
        ((*UP, 6, "days"), None, "returns_to_use: use_reports needs days."),
        ((*DOWN, 1, "days"), 7, "attendance_rate: attendance_percent has no days."),
        ((*DOWN, 0, "sessions"), 7, "weeks_observed: weeks_observed has no sessions."),
        ((*DOWN, 5, "weeks"), 7, "no_open_risk_flag: open_risk_flags has no weeks."),
        ((*DOWN, 6, "severity"), "high", "goals_reached: open_goals has no severity."),
        ((*UP, 3, "safety_item"), "negative", "phq_9_worse: score_change has no safety_item."),
        ((*DOWN, 5, "goals"), "phase", "no_open_risk_flag: open_risk_flags has no goals."),
        ((*DOWN, 1, "name"), "weeks_observed", "rules.1: weeks_observed is there twice."),
        (
            (*DOWN, 7),
            {**ATTENDS, "at_least": None, "at_most": 79},
            "step_down.rules.7: attends is never met together with attendance_rate.",
        ),
        (
            (*UP, 0),
            {**ATTENDS, "name": "attendance_low", "at_least": None, "at_most": 80},
            "step_up.rules.0: attendance_low and attendance_rate are met by the same client, who "
            "would be both to step up and to step down.",
        ),
        (
            (*DOWN, 3),
            {"name": "phq_9", "figure": "score", "instrument": "phq-9", "at_most": 20}
            | {"max_age_days": 30, "source": "Test"},
            "step_up.rules.2: phq_9_severe and phq_9 are met by the same",
        ),
        (("step_up", "needed"), 8, "step_up.needed: Of 7 rules 8 are never met."),
        (("step_up", "needed"), 0, "step_up.needed: Input should be greater"),
        (("step_down", "rules"), [], "step_down.rules: Tuple should have at least 1"),
        (("step_down", "to_level"), "2.1", "step_down.to_level: From 2.1 to 2.1 is no step-down."),
        (("step_down", "to_level"), "2.5", "to_level: From 2.1 to 2.5 is no step-down."),
        (("step_up", "to_level"), "1.5", "step_up.to_level: From 2.1 to 1.5 is no step-up."),
        (("step_up", "to_level"), "2.1", "step_up.to_level: From 2.1 to 2.1 is no step-up."),
        (("step_up", "to_level"), "1.7-wm", "From 2.1 to 1.7-wm is no step-up."),
        (("step_up", "to_level"), None, "step_up: A step leads to another level: name it"),
        (("extend", "to_level"), "2.1", "extend.to_level: An extension stays at its level"),
        (("pause_days", "declined"), -1, "pause_days.declined: Input should be greater"),
        (("pause_days", "accepted"), 2**31, "pause_days.accepted: Input should be less"),
        (("pause_days", "withdrawn"), 3661, "pause_days.withdrawn: Input should be less"),
        ((*DOWN, 3, "max_age_days"), 2**31, "rules.3.max_age_days: Input should be less"),
        (("pause_days",), None, "pause_days: Field required"),
        (("version",), None, "version: Field required"),
    ],
)
def test_a_policy_that_cannot_decide_is_refused(
    place: tuple[str | int, ...], value: object, reason: str
) -> None:
    if isinstance(value, dict):
        value = {name: one for name, one in value.items() if one is not None}
    assert reason in told(place, value)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((*DOWN, 1, "at_least"), 100),
        ((*DOWN, 1, "at_least"), 71),
        ((*DOWN, 0, "at_least"), 4),
        ((*DOWN, 1, "keeps"), 80),
        ((*DOWN, 3, "keeps"), 9),
        ((*DOWN, 3, "at_most"), 0),
        ((*DOWN, 4, "at_most"), 11),
        ((*DOWN, 7), {**ATTENDS, "name": "also"}),
        ((*UP, 0, "at_most"), 59),
        ((*UP, 2, "at_least"), 27),
        ((*UP, 3, "at_least"), 27),
        ((*UP, 1, "at_least"), 4),
        (("step_up", "needed"), 7),
        (("step_up", "to_level"), "3.7-wm"),
        (("step_up", "to_level"), "residential"),
        (("step_down", "to_level"), "2.0"),
        (("extend",), None),
    ],
)
def test_a_policy_at_the_edge_of_what_can_be_decided_is_taken(
    place: tuple[str | int, ...], value: object
) -> None:
    assert RecommendationPolicy.model_validate(with_change(place, value))


def test_what_asks_for_a_step_up_may_meet_a_rule_that_a_step_down_does_not_need() -> None:
    low = {**ATTENDS, "name": "low", "at_most": 95}
    del low["at_least"]
    weeks = {"name": "weeks", "figure": "weeks_in_program", "at_least": 4, "source": "Test"}
    down = {"to_level": "1.5", "rules": [ATTENDS, weeks]}
    up = {"to_level": "2.5", "needed": 1, "rules": [low, weeks | {"at_least": 90, "name": "late"}]}
    with pytest.raises(ValidationError, match="low and attends are met by the same client"):
        policy_of(step_down=down, step_up=up)
    assert policy_of(step_down={**down, "needed": 1}, step_up=up)
    assert policy_of(step_down=down, step_up={**up, "needed": 2})


def test_rules_of_which_some_are_enough_may_exclude_one_another() -> None:
    low = {**ATTENDS, "name": "low", "at_most": 10}
    del low["at_least"]
    assert policy_of(step_up={"to_level": "2.5", "needed": 1, "rules": [ATTENDS, low]})
    with pytest.raises(ValidationError, match="low is never met together with attends"):
        policy_of(step_up={"to_level": "2.5", "rules": [ATTENDS, low]})


def test_a_policy_without_rules_is_refused() -> None:
    with pytest.raises(ValidationError, match="Value error, Without rules nothing is ever"):
        policy_of()


@pytest.mark.parametrize(("change", "is_taken"), [(50, True), (51, False)])
def test_a_change_is_at_most_from_the_lowest_to_the_highest_total(
    change: int, is_taken: bool
) -> None:
    more = {"instrument": "barc-10", "max_age_days": 30, "source": "Test"}
    rule = {"name": "more", "figure": "score_change", "at_least": change, **more}
    text = json.dumps(with_change((*UP, 7), rule))
    if is_taken:
        assert parse(RecommendationPolicy, text, "own.json")
    else:
        with pytest.raises(DataFileInvalid, match="score_change is from -50 to 50"):
            parse(RecommendationPolicy, text, "own.json")


def test_two_policies_for_one_level_are_refused_as_it_is_open_which_one_decides() -> None:
    assert by_level({"one": POLICY}) == {"2.1": POLICY}
    with pytest.raises(ValueError, match=r"Two recommendation policies are for level 2\.1\."):
        by_level({"one": POLICY, "other": POLICY})


@pytest.mark.parametrize(
    ("former", "latter", "line"),
    [
        ("instrument: phq-9\n", "instrument: phq-99\n", "      at_most: 9"),
        ("at_least: 80\n", "at_least: 180\n", "- name: attendance_rate"),
        ("at_most: 49\n", "at_most: 85\n", "- name: attendance_low"),
        ('to_level: "1.5"\n', 'to_level: "2.5"\n', 'to_level: "2.5"'),
    ],
)
def test_the_line_of_what_is_wrong_is_named(former: str, latter: str, line: str) -> None:
    (file,) = (resources.files(package) / "data" / "policies").iterdir()
    text = file.read_text("utf-8").replace(former, latter, 1)
    with pytest.raises(DataFileInvalid) as refused:
        parse(RecommendationPolicy, text, "own.yaml")
    named = "\n".join(text.splitlines()[refused.value.line - 1 :][:5])
    assert line in named
    assert named.lstrip().startswith(("- name", "to_level", "name"))


def test_a_file_that_cannot_be_used_keeps_the_service_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "outcomes" / "step_down" / "policies"
    folder.mkdir(parents=True)
    written(folder / "unusable.yaml", with_change((*DOWN, 3, "instrument"), "phq-10"))
    read_anew(monkeypatch, policies, folder=tmp_path)
    with pytest.raises(DataFileInvalid, match=r"unusable\.yaml:\d+: step_down\.rules\.3: phq_9"):
        load_all("outcomes")
    (folder / "unusable.yaml").unlink()
    assert set(policies()) == {"2.1"}


def test_a_site_may_have_a_threshold_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = UUID(int=1), UUID(int=2)
    (ours,) = (resources.files(package) / "data" / "policies").iterdir()
    file = tmp_path / "sites" / str(here) / "outcomes" / "step_down" / "policies" / ours.name
    file.parent.mkdir(parents=True)
    written(file, with_change(("version",), "north-1") | {})
    read_anew(monkeypatch, policies, folder=tmp_path)
    assert policies(here)["2.1"].version == "north-1"
    assert policies(elsewhere)["2.1"].version == POLICY.version == "2"
    assert found()


def written(file: Path, policy: dict[str, Any]) -> None:
    out = StringIO()
    YAML().dump(policy, out)
    file.write_text(out.getvalue())


def test_rules_about_two_subscales_of_an_instrument_do_not_exclude_one_another() -> None:
    both = [{**BAM, "at_most": 11}, {**BAM, "name": "use", "subscale": "use", "at_most": 0}]
    assert policy_of(step_down={"to_level": "1.5", "rules": both}).step_down is not None
    other = {**BAM, "name": "again", "at_least": 12}
    with pytest.raises(ValidationError, match="again is never met together with risk"):
        policy_of(step_down={"to_level": "1.5", "rules": [*both, other]})
