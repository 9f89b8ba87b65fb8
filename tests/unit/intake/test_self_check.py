"""The self-check: help first, never a no from silence, and a comparison only with its condition."""

import copy
from importlib import resources
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.intake import self_check
from services.intake.self_check.answering import answer, screens
from services.intake.self_check.policy.guidance import (
    ITEMS,
    OUTCOMES,
    QUESTIONS,
    SCREENS,
    Policy,
    policy,
)
from services.intake.self_check.policy.words import Words, words
from services.intake.self_check.rules import Answers, Guidance, guidance, screened
from services.intake.self_check.schemas import SelfCheck
from shared.datafiles import DataFileInvalid, parse

SAFE = dict.fromkeys(QUESTIONS, False)
NO_DRUGS = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
SOBER: dict[str, list[int | None]] = {
    "audit-c": [0, None, None],
    "dast-10": list(NO_DRUGS),
    "phq-2": [0, 0],
    "gad-2": [0, 0],
}
SIX_DRUGS = [1, 1, 0, 0, 1, 1, 1, 0, 0, 0]


def guided(safety: dict[str, Any] | None = None, **items: list[int | None]) -> Guidance:
    """Guidance for somebody sober and safe, but for what is given."""
    given_items = SOBER | {name.replace("_", "-"): value for name, value in items.items()}
    answers = Answers(SAFE | (safety or {}), given_items)  # type: ignore[arg-type]  # plain words
    return guidance(answers, policy(), screens())


@pytest.mark.parametrize(
    ("safety", "items", "outcome"),
    [
        ({}, {}, "no_sign"),
        ({"plan": True}, {}, "emergency"),
        ({"thoughts": True}, {}, "emergency"),
        ({"severe_withdrawal": True}, {}, "emergency"),
        ({"thoughts": True, "overdose": True}, {"dast_10": SIX_DRUGS}, "emergency"),
        ({"overdose": True}, {}, "medical_first"),
        ({"sick_without": True}, {"audit_c": [4, 4, 4]}, "medical_first"),
        ({}, {"dast_10": [1, 0, 1, 0, 0, 0, 0, 0, 1, 0]}, "medical_first"),
        ({"pregnant": True}, {"audit_c": [1, 0, 0]}, "medical_first"),
        ({"pregnant": True}, {"dast_10": [1, 0, 1, 0, 0, 0, 0, 0, 0, 0]}, "medical_first"),
        ({"pregnant": True}, {}, "no_sign"),
        ({}, {"audit_c": [4, 3, 3]}, "medical_first"),
        ({}, {"audit_c": [4, 3, 2]}, "assessment"),
        ({}, {"audit_c": [4, 2, 2]}, "assessment"),
        ({}, {"audit_c": [4, 2, 1]}, "lower_level"),
        ({}, {"audit_c": [4, 2, 1], "phq_2": [2, 1]}, "assessment"),
        ({}, {"audit_c": [4, 2, 1], "gad_2": [1, 2]}, "assessment"),
        ({"unsafe_home": True}, {"audit_c": [3, 0, 0]}, "assessment"),
        ({}, {"dast_10": SIX_DRUGS}, "assessment"),
        ({}, {"dast_10": [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]}, "assessment"),
        ({}, {"dast_10": [1, 0, 1, 0, 1, 0, 0, 0, 0, 0]}, "lower_level"),
        ({}, {"dast_10": [1, 0, 1, 0, 0, 0, 0, 0, 0, 0], "phq_2": [3, 0]}, "assessment"),
        ({}, {"audit_c": [3, 0, 0]}, "lower_level"),
        ({}, {"audit_c": [2, 0, 0]}, "no_sign"),
        ({}, {"phq_2": [2, 1]}, "lower_level"),
        ({}, {"gad_2": [0, 3]}, "lower_level"),
        ({}, {"phq_2": [1, 1], "gad_2": [1, 1]}, "no_sign"),
        ({"unsafe_home": True}, {}, "lower_level"),
        ({}, {"phq_2": [None, None]}, "not_enough"),
        ({}, {"audit_c": [None, None, None]}, "not_enough"),
        ({"pregnant": None}, {}, "not_enough"),
    ],
)
def test_the_first_rule_that_holds_decides(safety, items, outcome):
    assert guided(safety, **items).outcome == outcome


def test_answering_no_to_everything_scores_one_point_that_only_contradicts():
    found = guided(dast_10=[0] * 10)
    assert found.screens["dast-10"].finding == "negative"
    assert found.screens["dast-10"].contradicts
    assert found.outcome == "no_sign"
    told = answer(SelfCheck(dast_10=[0] * 10))
    (drugs,) = (one for one in told.based_on if one.screen == "dast-10")
    assert drugs.note is not None


@pytest.mark.parametrize(
    ("items", "finding", "points"),
    [
        ([2, 1, 1], "positive", 4),
        ([3, 0, 0], "positive", 3),
        ([2, 0, 0], "negative", 2),
        ([0, None, None], "negative", 0),
        ([4, None, None], "positive", 4),
        ([1, None, None], "open", 1),
        ([None, None, None], "unanswered", 0),
        ([None, 0, 0], "open", 0),
    ],
)
def test_a_screen_is_told_early_and_an_open_one_is_not_told_as_negative(items, finding, points):
    found = screened(screens()["audit-c"], items)
    assert (found.finding, found.points) == (finding, points)


@pytest.mark.parametrize("name", ["phq-2", "gad-2"])
@pytest.mark.parametrize(("items", "finding"), [([1, 1], "negative"), ([2, 1], "positive")])
def test_short_forms_are_positive_from_three(name, items, finding):
    assert screened(screens()[name], items).finding == finding


@pytest.mark.parametrize("name", SCREENS)
def test_what_the_schema_takes_is_what_the_instrument_knows(name):
    field = name.replace("-", "_")
    known = screens()[name]
    assert len(known.items) == ITEMS[name]
    for place, item in enumerate(known.items):
        for value in item.values:
            row: list[int | None] = [None] * len(known.items)
            row[place] = value
            SelfCheck.model_validate({field: row})
        row[place] = max(item.values) + 1
        with pytest.raises(ValueError, match=field):
            SelfCheck.model_validate({field: row})


maybe = st.sampled_from([None, False, True])
any_answers = st.builds(
    Answers,
    st.fixed_dictionaries(dict.fromkeys(QUESTIONS, maybe)),
    st.fixed_dictionaries(
        {
            "audit-c": st.lists(st.sampled_from([None, 0, 1, 2, 3, 4]), min_size=3, max_size=3),
            "dast-10": st.lists(st.sampled_from([None, 0, 1]), min_size=10, max_size=10),
            "phq-2": st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=2, max_size=2),
            "gad-2": st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=2, max_size=2),
        }
    ),
)


def nearly_sober(changes: dict[str, bool | None], few: dict[str, list[int | None]]) -> Answers:
    return Answers(SAFE | changes, SOBER | few)  # type: ignore[arg-type]  # plain words


near_answers = st.builds(
    nearly_sober,
    st.dictionaries(st.sampled_from(sorted(QUESTIONS)), maybe, max_size=1),
    st.fixed_dictionaries(
        {"audit-c": st.sampled_from([[0, None, None], [2, 0, 0], [3, 2, 2], [4, 3, 3]])},
        optional={
            "dast-10": st.sampled_from([NO_DRUGS, SIX_DRUGS, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]]),
            "phq-2": st.sampled_from([[0, None], [1, 1], [3, 0]]),
            "gad-2": st.sampled_from([[None, None], [2, 1]]),
        },
    ),
)
any_answers = st.one_of(any_answers, near_answers)


@given(any_answers)
def test_whatever_is_answered_safety_comes_first_and_silence_is_no_safety(answers: Answers):
    found = guidance(answers, policy(), screens())
    said_yes = {name for name, value in answers.safety.items() if value}
    if said_yes & {"plan", "thoughts", "severe_withdrawal"}:
        assert found.outcome == "emergency"
    assert set(found.speak_first) == said_yes & set(policy().speak_first)
    if found.outcome == "no_sign":
        assert said_yes <= {"pregnant"}
        assert None not in answers.safety.values()
        assert {one.finding for one in found.screens.values()} == {"negative"}
    if None in [answers.safety[name] for name in policy().must_be_asked]:
        assert found.ask_first


@given(any_answers)
def test_the_comparison_is_told_only_to_answers_that_show_minimal_risk(answers: Answers):
    found = guidance(answers, policy(), screens())
    if found.comparable:
        assert found.outcome == "assessment"
        assert not any(value is not False for value in answers.safety.values())
        assert found.screens["phq-2"].finding == found.screens["gad-2"].finding == "negative"
        assert answers.items["dast-10"][8:] == [0, 0]
        assert found.screens["audit-c"].complete
        assert found.screens["audit-c"].points < 8


@given(any_answers, st.sampled_from(sorted(QUESTIONS)))
def test_a_further_yes_never_makes_the_guidance_less_urgent(answers: Answers, question):
    order = [*OUTCOMES[:4], "no_sign", "not_enough"]
    before = guidance(answers, policy(), screens()).outcome
    worse = Answers({**answers.safety, question: True}, answers.items)
    after = guidance(worse, policy(), screens()).outcome
    if before in OUTCOMES[:4]:
        assert order.index(after) <= order.index(before)


COMPARABLE = {"audit_c": [0, None, None], "dast_10": [1, 1, 0, 0, 1, 0, 0, 0, 0, 0]}


def test_statement_and_condition_are_told_together_or_not_at_all():
    body = {"safety": SAFE, "phq_2": [1, 1], "gad_2": [0, 1], **COMPARABLE}
    told = answer(SelfCheck.model_validate(body))
    assert told.outcome == "assessment"
    compared = told.comparable_to_residential
    assert compared is not None
    assert "comparable to residential" in compared.statement
    assert "minimal risk" in compared.condition
    assert "SAMHSA" in compared.source
    for changed in (
        *({"safety": SAFE | {name: value}} for name in QUESTIONS for value in (True, None)),
        {"phq_2": [2, 1]},
        {"phq_2": [None, 0]},
        {"gad_2": [3, 0]},
        {"audit_c": [4, 2, 2]},
        {"audit_c": [None, None, None]},
        {"dast_10": [1, 1, 0, 0, 1, 0, 0, 0, 1, 0]},
        {"dast_10": [1, 1, 0, 0, 1, 0, 0, 0, 0, 1]},
        {"dast_10": [1, 1, 0, 0, 1, 0, 0, 0, 0, None]},
        {"dast_10": NO_DRUGS},
    ):
        other = answer(SelfCheck.model_validate(body | changed))
        assert other.comparable_to_residential is None, changed
        assert "residential" not in other.model_dump_json().replace("to_residential", "")


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_words_about_help_come_before_all_others(language):
    safety = dict.fromkeys(("plan", "overdose", "unsafe_home"), True)
    told = answer(SelfCheck.model_validate({"language": language, "safety": safety}))
    assert next(iter(type(told).model_fields)) == "help_first"
    assert [one.answer for one in told.help_first] == [
        "plan",
        "overdose",
        "unsafe_home",
        "left_out",
    ]
    assert all("988" in one.text or "911" in one.text for one in told.help_first)
    assert "911" in told.help_first[0].text
    assert "988" in told.help_first[0].text
    assert told.based_on == [], "nothing that could delay"
    assert told.comparable_to_residential is None
    assert "diagn" in told.limits
    assert told.language == language


def test_who_left_out_safety_is_told_where_to_call_whatever_else_they_answered():
    for body in ({}, {"audit_c": [4, 3, 2]}, {"phq_2": [3, 3]}):
        told = answer(SelfCheck.model_validate(body))
        assert told.help_first[0].answer == "left_out"
        assert "988" in told.help_first[0].text


OURS: dict[str, Any] = yaml.safe_load(
    (resources.files(self_check) / "data" / "guidance.yaml").read_text("utf-8")
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: p["rules"].reverse(), "order emergency, medical_first"),
        (lambda p: p["rules"].pop(0), "plan speaks first, and no rule"),
        (lambda p: p["rules"][5]["all"][0].update(item=11), "has 10 items"),
        (lambda p: p["rules"][5]["all"][0].pop("item"), "A condition has said_yes"),
        (lambda p: p["comparable"].update(outcomes=["medical_first"]), "not at minimal risk"),
        (lambda p: p["no_sign_needs_answered"].remove("plan"), "while plan is not answered"),
        (lambda p: p["rules"].append({"outcome": "no_sign", "all": []}), "rules.23"),
        (lambda p: p["rules"].insert(0, {"outcome": "emergency", "all": [{"positive": "phq-2"}]}),
         "told by an answer"),
    ],
)  # fmt: skip
def test_a_policy_that_would_pass_over_safety_is_refused(change, reason):
    spoiled = copy.deepcopy(OURS)
    change(spoiled)
    with pytest.raises(DataFileInvalid, match=reason):
        parse(Policy, yaml.safe_dump(spoiled), "guidance.yaml")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda w: w["safety"]["thoughts"].update(help="Be well."), "names neither 988 nor 911"),
        (lambda w: w["now"]["lines"].pop(0), "lacks a line to 911"),
        (lambda w: w.update(ask_first="Call 988."), "names 988 and 911"),
        (lambda w: w["outcomes"].pop("no_sign"), "outcomes lacks"),
        (lambda w: w["questions"]["dast-10"].pop(), "has 10 questions"),
        (lambda w: w["questions"]["phq-2"][0]["choices"].pop(), "has 4 choices"),
        (lambda w: w["comparable"].update(condition=""), "at least 1 character"),
    ],
)
def test_words_that_leave_out_something_are_refused(change, reason):
    spoiled = words()["es"].model_dump(mode="json")
    change(spoiled)
    with pytest.raises(DataFileInvalid, match=reason):
        parse(Words, yaml.safe_dump(spoiled), "es.yaml")


def test_rules_are_tried_in_both_languages_with_the_same_outcome():
    for body in ({}, {"safety": SAFE}, {"dast_10": SIX_DRUGS}):
        english, spanish = (
            answer(SelfCheck.model_validate({**body, "language": one})) for one in ("en", "es")
        )
        assert english.outcome == spanish.outcome
        assert english.headline != spanish.headline
