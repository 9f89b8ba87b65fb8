"""The risk policy: what is in force decides about every flag, and what cannot is refused."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
import yaml

from services.intake.risk.policy import RiskPolicy, risk_policy
from services.intake.risk.rules.flags import SEVERITIES
from shared.contracts.intake import RiskKind
from shared.datafiles import DataFileInvalid, parse


def test_the_policy_in_force_decides_about_every_kind_and_severity() -> None:
    policy = risk_policy()
    for kind in get_args(RiskKind):
        assert policy.allowed(kind)
        for severity in SEVERITIES:
            urgency = policy.urgency(kind, severity)
            assert urgency.who_at(0) == "clinician_on_duty"
            assert urgency.who_at(99) == urgency.steps[-1].who
        assert "false_alarm_reviewed" in policy.allowed(kind)
    assert "988" in policy.kinds["suicide_risk"].guidance
    assert policy.actions["false_alarm_reviewed"].note_needed


def shipped() -> dict[str, Any]:
    data: dict[str, Any] = risk_policy().model_dump(mode="json")
    return data


def without_kind(data: dict[str, Any]) -> None:
    del data["kinds"]["pregnancy"]


def with_unknown_urgency(data: dict[str, Any]) -> None:
    data["kinds"]["pregnancy"]["urgency"]["high"] = "someday"


def with_high_after_moderate(data: dict[str, Any]) -> None:
    data["kinds"]["pregnancy"]["urgency"] = {"moderate": "at_once", "high": "same_day"}


def with_unknown_action(data: dict[str, Any]) -> None:
    data["kinds"]["pregnancy"]["actions"].append("prayer")


def with_unused_action(data: dict[str, Any]) -> None:
    data["actions"]["prayer"] = {"name": "Prayed"}


def with_a_slip_in_an_answer(data: dict[str, Any]) -> None:
    data["kinds"]["withdrawal_risk"]["report"] = {"possibel": "moderate", "severe": "high"}


def without_an_answer(data: dict[str, Any]) -> None:
    data["kinds"]["pregnancy"]["report"] = {}


def with_an_answer_that_nobody_gives(data: dict[str, Any]) -> None:
    data["kinds"]["suicide_risk"]["report"] = {"yes": "high"}


def without_an_end(data: dict[str, Any]) -> None:
    del data["urgencies"]["at_once"]["repeat"]


def with_an_unknown_name(data: dict[str, Any]) -> None:
    data["urgencies"]["at_once"]["repeats"] = 5


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (without_kind, "pregnancy is missing"),
        (with_unknown_urgency, "pregnancy: no urgency of the list for high"),
        (with_high_after_moderate, "pregnancy: high may wait longer than moderate"),
        (with_unknown_action, "pregnancy: the action prayer is not in the list"),
        (with_unused_action, "no kind allows the action prayer"),
        (with_a_slip_in_an_answer, "withdrawal_risk: report says how severe possible, severe is"),
        (without_an_answer, "pregnancy: report says how severe yes is"),
        (with_an_answer_that_nobody_gives, "suicide_risk: report says how severe nothing is"),
        (without_an_end, "urgencies.at_once.repeat: Field required"),
        (with_an_unknown_name, "Extra inputs"),
    ],
)
def test_a_policy_that_cannot_decide_is_refused_with_its_line(
    spoil: Callable[[dict[str, Any]], None], told: str
) -> None:
    data = shipped()
    spoil(data)
    with pytest.raises(DataFileInvalid, match=rf"risk\.yaml:\d+: .*{told}"):
        parse(RiskPolicy, yaml.safe_dump(data), "risk.yaml")
