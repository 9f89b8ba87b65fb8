"""The forms of consent: each has what the law asks of it, and combines nothing."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from pydantic import ValidationError

from services.intake.consents.policy.forms import Form, by_id_and_version, forms
from services.intake.consents.policy.law import needed
from services.intake.consents.policy.vocabulary import Vocabulary, vocabulary
from services.intake.consents.rules.deficiency import POINTERS, first_foreign, first_missing
from shared.datafiles import DataFileInvalid, parse
from stepwell.runtime.state import PROJECT

FOLDER = PROJECT / "services" / "intake" / "consents" / "data" / "forms"
FILES = sorted(FOLDER.glob("*.yaml"))
ALL = [pytest.param(form, id=form.id) for form in forms().values()]

EVERY = {"1", "2", "3", "5", "6", "7", "8", "9"}
NUMBERS = {
    "treatment_payment_operations": EVERY | {"4", "4c", "10", "11"},
    "named_recipient": EVERY | {"4", "4c", "10"},
    "intermediary": EVERY | {"4b", "4c", "10"},
    "counseling_notes": EVERY | {"4", "4c", "10"},
    "legal_proceedings": EVERY | {"4"},
    "treatment": {"1", "6", "7", "8", "9", "t1"},
    "contact_channels": {"1", "6", "7", "8", "9", "c1"},
}
"""By the table of elements of 42 CFR 2.31(a): 1 name, 2 who discloses, 3 what, 4 to whom, 4b
through an intermediary, 4c redisclosure under HIPAA, 5 purpose, 6 revocation, 7 expiry,
8 signature, 9 date, 10 redisclosure and refusal, 11 fundraising."""
PARAGRAPHS = {
    "1": "2.31(a)(1)",
    "2": "2.31(a)(2)",
    "3": "2.31(a)(3)",
    "4": "2.31(a)(4)(i)",
    "4b": "2.31(a)(4)(ii)",
    "4c": "2.31(a)(4)(iii)",
    "5": "2.31(a)(5)",
    "6": "2.31(a)(6)",
    "7": "2.31(a)(7)",
    "8": "2.31(a)(8)",
    "9": "2.31(a)(9)",
    "10": "2.31(a)(10)",
    "11": "2.31(a)(5)(iii)",
}
DISCLOSES = {
    "treatment_payment_operations",
    "named_recipient",
    "intermediary",
    "counseling_notes",
    "legal_proceedings",
}


@cache
def read(form: str) -> dict[str, Any]:
    text = (FOLDER / f"{form.replace('_', '-')}-1.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return data


def raw(form: str = "treatment_payment_operations") -> dict[str, Any]:
    """The data of a form, free to be spoiled."""
    return deepcopy(read(form))


def refused(data: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(data)
    return str(caught.value)


def test_there_is_a_form_for_every_kind_of_consent():
    assert {form.id for form in forms().values()} == set(NUMBERS)
    assert len(FILES) == len(NUMBERS)


@pytest.mark.parametrize("form", ALL)
def test_every_required_element_is_in_each_form_that_needs_it(form: Form):
    assert {element.number for element in form.elements} == NUMBERS[form.id]
    if form.id in DISCLOSES:
        for element in form.elements:
            assert PARAGRAPHS[element.number] in element.source


def test_the_tenth_element_is_two_statements():
    for form in forms().values():
        names = {element.name for element in form.elements if element.number == "10"}
        assert names in (set(), {"redisclosure", "consequences"})


@pytest.mark.parametrize("form", ALL)
def test_a_disclosure_carries_the_short_notice_of_2024(form: Form):
    if form.id not in DISCLOSES:
        assert form.notice is None
        return
    assert form.notice is not None
    assert form.notice.source == "42 CFR 2.32(a)(2)"
    assert form.notice.text == (
        "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
    )


@pytest.mark.parametrize("form", ALL)
def test_the_elements_of_a_form_are_those_that_the_law_names_for_its_purposes(form: Form):
    asked = {name for name, _ in needed(form.id, form.purposes)}
    assert asked == {element.name for element in form.elements}


@pytest.mark.parametrize("form", sorted(DISCLOSES | {"treatment", "contact_channels"}))
def test_a_form_without_one_of_its_elements_is_not_read(form: str):
    for n, element in enumerate(raw(form)["elements"]):
        spoiled = raw(form)
        del spoiled["elements"][n]
        for text in spoiled["languages"].values():
            text["blocks"] = [b for b in text["blocks"] if b.get("element") != element["name"]]
        assert f"The element {element['name']} is missing" in refused(spoiled)


def test_no_form_combines_counseling_notes_or_proceedings_with_anything():
    for form in ("treatment_payment_operations", "named_recipient", "intermediary"):
        spoiled = raw(form)
        spoiled["information"].append("counseling_notes")
        assert "2.31(b)" in refused(spoiled)
        spoiled = raw(form)
        spoiled["purposes"].append("legal_proceedings")
        assert "2.31(d)" in refused(spoiled)
    for form, word, place in (
        ("counseling_notes", "attendance", "information"),
        ("legal_proceedings", "treatment", "purposes"),
    ):
        spoiled = raw(form)
        spoiled[place].append(word)
        reason = refused(spoiled)
        assert "2.31(b)" in reason or "is missing" in reason


def test_only_a_tpo_consent_may_have_no_expiry():
    spoiled = raw("named_recipient")
    spoiled["expiry"]["kinds"].append("none")
    assert "2.31(a)(7)" in refused(spoiled)
    assert "none" in raw()["expiry"]["kinds"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"purposes": ["everything"]}, "everything is no word"),
        ({"information": ["everything"]}, "everything is no word"),
        ({"recipient_classes": ["everybody"]}, "everybody is no word"),
        ({"expiry": {"kinds": ["event"], "events": ["full_moon"]}}, "full_moon is no word"),
        ({"expiry": {"kinds": ["event"]}}, "Name the events"),
        ({"expiry": {"kinds": ["date"], "events": ["end_of_treatment"]}}, "Name the events"),
        ({"version": None}, "version"),
        ({"languages": {}}, "languages"),
    ],
)
def test_a_form_that_cannot_be_used_is_not_read(change: dict[str, Any], told: str):
    assert told in refused(raw("treatment_payment_operations") | change)


def test_every_statement_is_made_once_in_every_language():
    for spoil in ("drop", "repeat"):
        spoiled = raw()
        blocks = spoiled["languages"]["es"]["blocks"]
        last = blocks.pop()
        if spoil == "repeat":
            blocks += [last, last]
        assert "The text in es does not say each once" in refused(spoiled)


def test_a_file_that_cannot_be_used_is_named_with_its_line():
    text = (FOLDER / "treatment-1.yaml").read_text("utf-8")
    with pytest.raises(DataFileInvalid, match=r"^treatment\.yaml:\d+: single: "):
        parse(Form, text.replace("single: true", "single: perhaps"), "treatment.yaml")


def test_an_element_is_not_there_twice():
    spoiled = raw()
    spoiled["elements"].append(spoiled["elements"][0])
    assert "twice" in refused(spoiled)


def test_a_version_of_a_form_is_in_one_file():
    form = forms()["treatment", "1.0"]
    with pytest.raises(DataFileInvalid, match=r"^two:1: .* version 1\.0 of treatment"):
        by_id_and_version({"one": form, "two": form})


@pytest.mark.parametrize("form", ALL)
def test_the_digest_is_that_of_the_very_text(form: Form):
    assert len({form.digest(language) for language in form.languages}) == len(form.languages)
    shown = orjson.loads(form.shown("en"))
    assert shown["title"] == form.languages["en"].title
    renamed = form.languages["en"].model_copy(update={"title": "Another title"})
    other = form.model_copy(update={"languages": {"en": renamed}})
    assert other.digest("en") != form.digest("en")


@pytest.mark.parametrize("form", ALL)
def test_whatever_is_not_filled_in_or_shown_is_the_first_thing_missing(form: Form):
    filled = {one.name for one in form.elements if one.name in POINTERS}
    said = {one.name for one in form.elements} - filled - {"client_name"}
    assert first_missing(form, filled, said) is None
    for name in filled | said:
        missing = first_missing(form, filled - {name}, said - {name})
        assert missing is not None
        assert missing[0].name == name
        assert missing[1] == POINTERS.get(name, "/statements_shown")


@pytest.mark.parametrize("form", ALL)
def test_what_belongs_to_another_form_is_foreign(form: Form):
    own = {one.name for one in form.elements}
    for name, pointer in POINTERS.items():
        expected = None if name in own else (name, pointer)
        assert first_foreign(form, {name}) == expected


def words(**changed: Any) -> dict[str, Any]:
    file: Path = FOLDER.parent / "vocabulary.yaml"
    return dict(yaml.safe_load(file.read_text("utf-8")), **changed)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"information": {"all": {"text": "All"}}}, "counseling_notes is missing"),
        ({"purposes": {"all": {"text": "All"}}}, "legal_proceedings is missing"),
        ({"events": {"end_of_treatment": "End"}}, "final_disposition is missing"),
        (
            {
                "information": {
                    "all": {"text": "All", "covers": ["counseling_notes"]},
                    "counseling_notes": {"text": "Notes"},
                }
            },
            "needs a form of its own",
        ),
        (
            {
                "purposes": {
                    "all": {"text": "All", "covers": ["more"]},
                    "legal_proceedings": {"text": "Proceedings"},
                }
            },
            "unknown more",
        ),
    ],
)
def test_words_that_would_combine_or_mean_nothing_are_not_read(change: dict[str, Any], told: str):
    with pytest.raises(DataFileInvalid, match=told):
        parse(Vocabulary, yaml.safe_dump(words(**change)), "consents.yaml")


def test_a_word_stands_with_all_that_it_includes():
    known = vocabulary()
    assert "toxicology" in known.informed(["entire_record"])
    assert "counseling_notes" not in known.informed(["entire_record"])
    assert known.informed(["attendance"]) == {"attendance"}
    assert known.purposes_of("treatment_payment_operations") >= {"treatment", "payment"}


@pytest.mark.parametrize(
    "sender",
    ["Sober Days", "NEW-RECOVERY", "The IOP", "Outpatient  Center", "Behavioral.Health", "rehab24"],
)
def test_a_senders_name_that_tells_of_treatment_is_noticed(sender: str):
    assert vocabulary().is_revealing(sender)


@pytest.mark.parametrize(
    "sender", ["Northside Scheduling", "Dr. Biopp", "Iopolis", "Sudbury Office"]
)
def test_a_neutral_senders_name_is_taken(sender: str):
    assert not vocabulary().is_revealing(sender)
