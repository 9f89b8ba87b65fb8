"""Wordings: ours, a site's, and what is missing; and the data files beside them."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.questionnaires.policy import Policy, policy, shipped_wordings
from services.intake.questionnaires.rules.wording import (
    ItemWording,
    ShippedWording,
    Wording,
    gaps,
    shipped,
)
from services.intake.screening.policy import Instrument, Item, instruments
from shared.datafiles import DataFileInvalid, parse

AUDIT = instruments()["audit", "1.0"]
PHQ9 = instruments()["phq-9", "1.0"]
OURS = shipped_wordings()["phq-9", "1.0", "en"]


def worded(instrument: Instrument, *, without: tuple[int, int] | None = None) -> Wording:
    """A complete wording, without the label of one value of one item if told so."""
    return Wording(
        items=[
            ItemWording(
                text=f"Question {n}", labels={v: str(v) for v in item.values if (n, v) != without}
            )
            for n, item in enumerate(instrument.items)
        ]
    )


def long_item(values: range) -> Instrument:
    item = PHQ9.items[0].model_copy(update={"values": tuple(values)})
    assert isinstance(item, Item)
    return PHQ9.model_copy(update={"items": (item,)})


def test_every_wording_that_we_ship_is_complete():
    assert {name for name, _, _ in shipped_wordings()} >= {"phq-9", "gad-7"}
    for (name, version), instrument in instruments().items():
        words = shipped_wordings().get((name, version, "en"))
        ours = shipped(instrument, "en", words, policy().most_choices)
        included = instrument.wording == "included"
        assert (gaps(instrument, ours, policy().most_choices) == []) is included
        assert shipped(instrument, "es", words, policy().most_choices) is None


def test_the_text_of_an_item_comes_from_the_instrument():
    ours = shipped(PHQ9, "en", OURS, 7)
    assert ours is not None
    assert [item.text for item in ours.items] == [item.text for item in PHQ9.items]
    assert ours.items[0].labels[2] == "More than half the days"
    assert ours.notice is not None
    assert "No permission required" in ours.notice


@pytest.mark.parametrize("name", ["audit", "audit-c", "dast-10"])
def test_a_wording_that_needs_a_permission_is_not_shipped(name: str):
    instrument = instruments()[name, "1.0"]
    words = OURS.model_copy(update={"instrument": name})
    assert shipped(instrument, "en", words, 7) is None
    assert shipped(instrument, "en", None, 7) is None
    assert gaps(instrument, None, 7) == ["/items"]


def test_each_missing_label_is_named():
    assert gaps(AUDIT, worded(AUDIT), 7) == []
    for n, item in enumerate(AUDIT.items):
        for value in item.values:
            wording = worded(AUDIT, without=(n, value))
            assert gaps(AUDIT, wording, 7) == [f"/items/{n}/labels"]


def test_a_label_of_a_value_that_an_item_does_not_have_is_named():
    wording = worded(AUDIT)
    items = [*wording.items[:9], ItemWording(text="x", labels=dict.fromkeys(range(5), "x"))]
    assert gaps(AUDIT, Wording(items=items), 7) == ["/items/9/labels"]


def test_a_wording_of_another_length_is_no_wording():
    assert gaps(AUDIT, Wording(items=worded(AUDIT).items[:9]), 7) == ["/items"]


@pytest.mark.parametrize(
    ("values", "labels", "complete"),
    [
        (range(7), {0: "a", 6: "b"}, False),
        (range(8), {0: "a", 7: "b"}, True),
        (range(101), {0: "none", 100: "worst"}, True),
        (range(101), {0: "none", 50: "half", 100: "worst"}, True),
        (range(101), {0: "none"}, False),
        (range(101), {0: "none", 100: "worst", 101: "more"}, False),
    ],
)
def test_of_a_long_row_of_values_the_ends_need_a_label(
    values: range, labels: dict[int, str], complete: bool
):
    wording = Wording(items=[ItemWording(text="How strong?", labels=labels)])
    assert (gaps(long_item(values), wording, 7) == []) is complete


@pytest.mark.parametrize(
    "text",
    ["", "  ", "<script>", "a</p>", "a &lt; b", "&#60;", "a\tb", "a\x00b", "a\u202eb", "x" * 601],
)
def test_only_plain_text_is_a_question(text: str):
    with pytest.raises(ValidationError):
        ItemWording(text=text, labels={0: "a"})


@pytest.mark.parametrize("text", ["Fewer than 5 < 6 drinks?", "¿Con qué frecuencia?", "Q&A: 1\n2"])
def test_signs_that_are_no_markup_are_taken(text: str):
    assert ItemWording(text=text, labels={0: "a"}).text == text


def test_the_policy_says_when_a_crisis_line_is_shown():
    line = policy().crisis
    assert "suicide_risk" in line.kinds
    assert {words.number for words in line.languages.values()} == {"988"}


SMALL: dict[str, Any] = {
    "id": "x",
    "version": "1",
    "source": "x",
    "open_days": 14,
    "link_hours": 72,
    "page_address": "https://forms.example.org/questionnaire",
    "most_choices": 7,
    "crisis": {
        "source": "x",
        "kinds": ["suicide_risk"],
        "languages": {"en": {"text": "Call.", "number": "988", "call": "Call"}},
    },
    "texts": {"en": {"next": "Next"}},
}


def test_an_organizations_policy_may_name_its_own_address_and_languages():
    assert Policy.model_validate(SMALL).page_address.startswith("https://")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"open_days": 0}, "open_days"),
        ({"link_hours": 1000}, "link_hours"),
        ({"page_address": "http://forms.example.org/questionnaire"}, "page_address"),
        ({"page_address": "/questionnaire#x"}, "page_address"),
        ({"texts": {"en": {"next": "Next"}, "es": {}}}, "texts of `es`"),
        ({"texts": {"es": {"next": "Siguiente"}}}, "need `en`"),
        ({"texts": {"en": {}, "es": {}}}, "no text in `es`"),
        ({"session_days": 3}, "session_days"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused_by_name(change: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        Policy.model_validate(SMALL | change)


def test_a_file_of_wording_is_refused_with_its_line():
    text = "instrument: x\nversion: '1'\nlanguage: en\nsource: x\nlabels:\n  0: <b>No</b>\n"
    with pytest.raises(DataFileInvalid, match=r"x\.yaml:6: .*no markup"):
        parse(ShippedWording, text, "x.yaml")
