"""Definitions: a new one needs a file and nothing else, and one that cannot score is refused."""

from pathlib import Path

import pytest

from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.rules import Answer, check, not_asked, score
from services.intake.screening.rules.results import Subscore
from shared.datafiles import DataFileInvalid, parse
from tests.support.data import read_anew
from tests.unit.intake.forms import EVERY, PHQ9, answers

TEXT = Path(__file__).with_name("made_up.yaml").read_text(encoding="utf-8")
MADE_UP = parse(Instrument, TEXT, "made_up.yaml")


def test_an_instrument_is_scored_from_its_file_alone():
    row = answers("1 1 2 0 4 1 0")
    assert check(MADE_UP, row) == []
    result = score(MADE_UP, row, "male")
    assert (result.status, result.total, result.raw, result.scaled) == ("complete", 10, 10, 50)
    assert (result.band, result.positive, result.level) == ("high", True, "green")
    assert result.subscores == (
        Subscore("first", 4, True),
        Subscore("second", 2, True),
        Subscore("third", 4, None),
    )
    assert (result.syndrome, result.safety_item) == ("much", "negative")
    assert result.alerts == (("withdrawal_risk", "moderate"),)
    assert (result.answered, result.expected, result.notes) == (7, 7, ())


def test_every_kind_of_rule_is_data():
    result = score(MADE_UP, answers("0 3 n n n 0 n"), "female")
    assert (result.total, result.band, result.positive) == (3, "low", False)
    assert (result.level, result.syndrome, result.alerts) == ("green", "nothing", ())
    assert (result.answered, result.expected, result.safety_item) == (3, 3, "unknown")
    result = score(MADE_UP, answers("2 3 4 4 5 1 1"), "unknown")
    assert (result.total, result.band, result.level) == (12, "high", "red")
    assert result.alerts == (("harm_to_others", "high"), ("withdrawal_risk", "high"))
    assert (result.notes, result.safety_item) == (("two_and_three",), "positive")
    assert [part.flagged for part in result.subscores] == [True, False, None]
    result = score(MADE_UP, answers("2 - 2 0 - 1 0"))
    assert (result.status, result.raw, result.total, result.band) == ("prorated", 4, 8, "high")
    assert (result.level, result.syndrome) == ("unknown", "much")
    assert result.alerts == (("harm_to_others", "moderate"),)
    assert result.notes == ("symptoms_missing",)
    assert score(MADE_UP, answers("- - 2 0 4 1 0")).status == "incomplete"
    assert score(MADE_UP, answers("2 1 2 0 4 - 0")).total is None
    assert score(MADE_UP, answers("2 1 1 0 2 0 n")).syndrome == "nothing"
    assert score(MADE_UP, answers("2 1 2 0 2 0 n")).syndrome == "some"
    assert score(MADE_UP, answers("2 1 2 0 3 0 n")).syndrome == "much"
    assert score(MADE_UP, answers("2 1 1 0 - 1 0")).syndrome == "some"
    assert score(MADE_UP, answers("2 1 3 0 4 1 0")).level == "amber"


def test_a_prorated_total_stays_within_what_the_items_can_add_up_to():
    result = score(MADE_UP, answers("- 1 4 0 5 1 0"))
    assert (result.status, result.raw, result.total, result.band) == ("prorated", 12, 14, "high")
    result = score(MADE_UP, answers("0 3 0 0 - 1 0"))
    assert (result.status, result.raw, result.total, result.band) == ("prorated", 1, 3, "low")


def test_an_early_screen_goes_by_the_least_and_the_most_points_of_an_item():
    for row, found in (
        ("2 - - 0 - 1 0", (None, None, None)),
        ("2 1 2 - - 1 0", (True, True, True)),
        ("- - - 0 2 1 0", (None, None, None)),
        ("- - 4 0 5 1 0", (True, True, True)),
        ("0 - - 0 - 1 0", (None, None, None)),
        ("- - 3 0 2 1 0", (True, None, None)),
        ("- - 0 0 2 1 0", (True, None, None)),
    ):
        result = [score(MADE_UP, answers(row), sex) for sex in ("female", "male", "unknown")]
        if row == "- - 0 0 2 1 0":
            found = (None, None, False)
        assert tuple(one.positive for one in result) == found, row


@pytest.mark.parametrize(
    ("given_answers", "places"),
    [
        ("0 1 n n 2 0 n", []),
        ("0 1 0 0 2 0 n", []),
        ("0 1 1 0 2 0 n", [2]),
        ("0 1 - - 2 0 -", []),
        ("1 1 n n 2 0 n", [2, 3]),
        ("1 3 0 0 n 0 n", []),
        ("1 3 0 0 5 0 n", []),
        ("2 3 0 0 n 0 n", [4]),
        ("1 - 0 0 n 0 n", [4]),
        ("1 1 0 0 2 0 0", [6]),
        ("1 1 0 0 2 1 n", [6]),
        ("1 1 1 2 2 0 n", [3]),
        ("1 1 - 2 2 0 n", []),
        ("1 2 5 0 1 0 n", [1, 2, 4]),
        ("n 1 0 0 2 0 n", [0]),
    ],
)
def test_skips_and_contradictions_are_data(given_answers: str, places: list[int]):
    assert [wrong.item for wrong in check(MADE_UP, answers(given_answers))] == places


def test_what_is_impossible_is_said_in_words():
    wrong = check(MADE_UP, answers("1 2 9 n 2 0 0"))
    assert {one.item: one.detail for one in wrong} == {
        1: "Only 1, 3 or null is possible here.",
        2: "Only 0, 1, 2, 3, 4 or null is possible here.",
        3: "This item may not be skipped after these answers.",
        6: "This item is not asked after these answers: send not_asked.",
    }
    assert check(MADE_UP, answers("1 1 1 2 2 0 n"))[0].detail == MADE_UP.consistency[0].because


def test_a_long_row_of_possible_answers_is_told_by_its_ends():
    wide = parse(Instrument, TEXT.replace("values: 2..5", "values: 2..8"), "made_up.yaml")
    assert (
        check(wide, answers("1 1 1 0 9 0 n"))[0].detail == "Only 2 to 8 or null is possible here."
    )
    row: list[Answer] = [0, *[1] * 9]
    (wrong,) = check(instruments()["barc-10", "1.0"], row)
    assert wrong.detail == "Only 1, 2, 3, 4, 5, 6 or null is possible here."
    (wrong,) = check(instruments()["bam-r", "1.0"], [1, *[0] * 22])
    assert wrong.detail == "Only 0, 8, 15, 22, 30 or null is possible here."


def test_which_items_need_not_be_asked():
    assert not_asked(MADE_UP, answers("0 3 - - - 0 -")) == {2, 3, 4, 6}
    assert not_asked(MADE_UP, [None] * 7) == set()


FLAWS = [
    ('version: "2.1"', "version: 2.1", "version: 2.1", "valid string"),
    ("number: 2, key: two", "number: 1, key: two", "key: two", "is there twice"),
    ("number: 2, key: two", "number: 2, key: one", "number: 2,", "is there twice"),
    ("values: [1, 3]", "values: [3, 1]", "key: two", "must ascend"),
    ("values: [1, 3]", "values: [3, 3]", "key: two", "must ascend"),
    ("values: [1, 3]", "values: [3]", "key: two", "at least 2 items"),
    ("2: c}}", "3: c}}", "key: one", "must name each of the values, and no other"),
    ("text: Two, ", "", "key: two", "has no text: see wording"),
    ("wording: included", "wording: from_site", "number: 1, key: one", "has a text"),
    ("languages: [en, es]", "languages: []", "languages: []", "are those of the wording"),
    ("requires: [5]", "requires: [9]", "requires: [9]", "there is no item 9"),
    ("safety_item: 6", "safety_item: 60", "safety_item: 60", "there is no item 60"),
    ("safety_item: 6", "safety_item: 4", "safety_item: 4", "needs the answer 0"),
    ("item: 5, from: 1", "item: 55, from: 1", "item: 55, from: 1", "there is no item 55"),
    ("at_most: 3,", "at_most: 33,", "at_most: 33", "there is no item 33"),
    ("at_most: 3,", "at_most: 3b,", "at_most: 3b", "is the item itself"),
    ("{item: 3b, at_most", "{item: 31, at_most", "item: 31", "there is no item 31"),
    ("{item: 4, from: 5}", "{item: 44, from: 5}", "item: 44", "there is no item 44"),
    ("{item: 2, is: [3]}", "{item: 22, is: [3]}", "item: 22", "there is no item 22"),
    ("{item: 6, is: [1]}", "{item: 66, is: [1]}", "item: 66", "there is no item 66"),
    ("items: [1, 2], flag", "items: [1, 1], flag", "items: [1, 1]", "item 1 is there twice"),
    ("items: [1, 2, 3, 4]", "items: [1, 2, 3, 3]", "items: [1, 2, 3, 3]", "there twice"),
    ("{item: 1, is: [0]}", "{item: 1, is: [7]}", "is: [7]", "item 1 has no such answer"),
    ("{item: 1, is: [0]}", "{item: 1}", "when: [{item: 1}]", "says no answer"),
    ("{item: 1, is: [0]}", "{item: 1, from: 3}", "from: 3", "holds for no answer"),
    ("{item: 1, up_to: 1}", "{item: 1, up_to: 2}", "up_to: 2", "or for every one"),
    ("not_asked: [3, 3b]", "not_asked: [1, 3b]", "not_asked: [1", "item 1 is asked before"),
    ("not_asked: [4]", "not_asked: [1]", "not_asked: [1]", "item 1 is asked before"),
    ("missing_allowed: 2", "missing_allowed: 4", "missing_allowed: 4", "leaves nothing"),
    ("requires: [5]", "requires: [4]", "requires: [4]", "item 4 is in the sum"),
    ("[1, 2], missing_allowed: 1", "[1, 5], missing_allowed: 1", "[1, 5]", "not all in the sum"),
    ("[1, 2], missing_allowed: 1", "[1, 2], missing_allowed: 2", "[1, 2], mi", "bounds nothing"),
    ("{from: 3, name: low", "{from: 2, name: low", "{from: 2", "must be 3, the lowest total"),
    ("{from: 8, name: high", "{from: 3, name: high", "name: high", "must ascend"),
    ("{from: 8, name: high", "{from: 15, name: high", "name: high", "above 14, the highest"),
    ("name: high, label", "name: low, label", "label: High", "is there twice"),
    ("female: 6, male", "male", "positive_from", "needs any, or female, male and unknown"),
    ("female: 6", "female: 3", "female: 3", "must lie above 3 and not above 14"),
    ("unknown: 8}", "unknown: 15}", "unknown: 15", "must lie above 3 and not above 14"),
    ("key: second", "key: first", "title: Second", "is there twice"),
    ("flag: {from: 2}", "flag: {from: 1}", "flag: {from: 1}", "always or never reached"),
    ("flag: {from: 2}", "flag: {from: 6}", "flag: {from: 6}", "always or never reached"),
    ("flag: {from: 2}", "flag: {from: 2, up_to: 3}", "title: First", "needs from, or up_to"),
    ("flag: {from: 2}", "flag: {}", "title: First", "needs from, or up_to"),
    ("flag: {up_to: 3}", "flag: {up_to: 8}", "up_to: 8", "always or never reached"),
    ("otherwise: nothing", "otherwise: much", "outcome: some", "is there twice"),
    ("outcome: some", "outcome: much", "outcome: much", "is there twice"),
    ("[1, 3, 4, 5], count: 3", "[1, 3, 4, 5], count: 5", "count: 5", "more than there are items"),
    ("[1, 3, 4, 5], count: 3", "[1, 3, 4, 5], count: 1", "outcome: some", "is never found: much"),
    ("symptom_from: 2", "symptom_from: 3", "symptom_from: 3", "item 1 is always or never"),
    ("level: amber", "level: red", "level: red", "is there twice"),
    ("undetermined: unknown", "undetermined: green", "undetermined: green", "one of the levels"),
    (
        "[{item: 3, from: 3}]",
        "[{item: 3b, from: 4}]",
        "level: amber",
        "is never reached: graver ones hold before",
    ),
    (
        "  - level: green\n",
        "  - level: green\n    any_of: [{item: 3, is: [1]}]\n",
        "level: green",
        "only the last level has no conditions",
    ),
    ("\n    any_of: [{item: 3, from: 3}]", "", "level: amber", "only the last level"),
    ("high, level: red}", "high, level: black}", "black", "there is no level black"),
    ("high, level: red}", "high}", "kind: harm_to_others, severity: high}", "needs when, or level"),
    ("high, level: red}", "moderate, level: red}", None, None),
    ("moderate, level: unknown}", "moderate, level: red}", "moderate, level: red", "never told"),
    (
        "moderate, when: {item: 4, from: 4}",
        "moderate, when: {item: 4, from: 5}",
        "moderate, w",
        "n",
    ),
    ("high, when: {item: 4, from: 5}", "moderate, when: {item: 4, from: 5}", None, None),
    (
        "moderate, level: unknown}",
        "moderate, level: unknown}\n- {kind: harm_to_others, severity: high, level: green}",
        "level: green}",
        "comes after a milder one",
    ),
    (
        "scale: {name",
        "- {note: two_and_three, text: x, all_of: [{item: 3, from: 1}]}\nscale: {name",
        "text: x",
        "is there twice",
    ),
    ("scale: {name: shared, factor: 5}", "scale: {name: shared, factor: 0}", "factor: 0", "equal"),
    ("scale: {name: shared, factor: 5}\n", "", "rise:", "needs a scale"),
    ("modes: [self]", "modes: [dream]", "modes: [dream]", "Input should be"),
    ("occasions: [follow_up]", "occasions: []", "occasions: []", "at least 1"),
    ("number: 6, key: six", "number: a-b, key: six", "number: a-b", "match pattern"),
    ("number: 6, key: six", "number: true, key: six", "number: true", "valid string"),
    ("id: made-up", "id: Made Up", "id: Made Up", "match pattern"),
    ("values: 0..4}", "values: 0..x}", "key: three,", "valid tuple"),
]


@pytest.mark.parametrize(("of", "to", "line", "reason"), FLAWS)
def test_a_definition_that_cannot_score_is_refused_with_file_and_line(
    of: str, to: str, line: str | None, reason: str | None
):
    text = TEXT.replace(of, to, 1)
    assert text != TEXT
    if line is None or reason is None:
        parse(Instrument, text, "made_up.yaml")
        return
    with pytest.raises(DataFileInvalid) as refused:
        parse(Instrument, text, "made_up.yaml")
    assert refused.value.file == "made_up.yaml"
    assert reason in refused.value.reason
    lines = [n for n, one in enumerate(text.splitlines(), 1) if line in one]
    assert refused.value.line in lines, (refused.value, lines)


@pytest.mark.parametrize("kept", ["bands", "positive_from", "scale"])
def test_what_rests_on_a_total_needs_one(kept: str):
    parts = TEXT.split("\n")
    text = TEXT[: TEXT.index("total:")] + TEXT[TEXT.index("subscales:") :]
    text = text[: text.index("scale:")]
    parse(Instrument, text, "made_up.yaml")
    own = next(n for n, line in enumerate(parts) if line.startswith(f"{kept}:"))
    more = [line for line in parts[own : own + 2] if line.startswith((kept, "- {from: 3"))]
    with pytest.raises(DataFileInvalid, match="needs a total"):
        parse(Instrument, text + "\n".join(more) + "\n", "made_up.yaml")


def test_a_definition_that_scores_nothing_is_refused():
    text = TEXT[: TEXT.index("total:")]
    with pytest.raises(DataFileInvalid, match="needs a total, subscales or levels"):
        parse(Instrument, text, "made_up.yaml")


def test_the_same_version_in_two_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = tmp_path / "intake" / "screening" / "instruments"
    own.mkdir(parents=True)
    (own / "made_up.yaml").write_text(TEXT, encoding="utf-8")
    (own / "again.yaml").write_text(TEXT, encoding="utf-8")
    read_anew(monkeypatch, instruments, folder=tmp_path)
    with pytest.raises(DataFileInvalid, match=r"made-up 2\.1 is in another file already"):
        instruments()
    (own / "again.yaml").unlink()
    assert ("made-up", "2.1") in instruments()


def test_totals_carry_their_own_loinc_codes_and_none_is_made_up():
    codes = {one.id: (one.loinc_panel, one.loinc_total) for one in EVERY}
    assert codes == {
        "phq-9": ("44249-1", "44261-6"),
        "phq-2": ("55757-9", "55758-7"),
        "gad-7": ("69737-5", "70274-6"),
        "gad-2": (None, None),
        "audit": ("72110-0", "75624-7"),
        "audit-c": ("72109-2", "75626-2"),
        "dast-10": ("82666-9", "82667-7"),
        "pc-ptsd-5": (None, None),
        "pcl-5": ("101697-1", "101698-9"),
        "bam": (None, None),
        "bam-r": (None, None),
        "c-ssrs": ("93373-9", "93374-7"),
        "barc-10": (None, None),
        "craving-nrs": (None, None),
        "craving-vas": (None, None),
    }
    assert [PHQ9.items[n - 1].loinc for n in (3, 9)] == ["44259-0", "44260-8"]
    assert instruments()["audit-c", "1.0"].items[0].loinc == "68518-0"


def test_loinc_codes_end_with_their_check_digit():
    for one in EVERY:
        for code in (one.loinc_panel, one.loinc_total, *(item.loinc for item in one.items)):
            if code is not None:
                digits, _, last = code.partition("-")
                doubled = [int(d) * (2 - n % 2) for n, d in enumerate(reversed(digits))]
                mod_10 = -sum(d // 10 + d % 10 for d in doubled) % 10
                assert mod_10 == int(last), (one.id, code)


def test_what_looks_back_a_year_is_for_intake_only():
    yearly = {one.id for one in EVERY if one.occasions == ("intake",)}
    assert yearly == {"audit", "audit-c", "dast-10"}
    assert {one.id for one in EVERY if one.looks_back_days >= 365} == yearly


def test_wording_is_included_only_where_no_permission_is_needed():
    assert {one.id for one in EVERY if one.wording == "from_site"} == {
        "audit",
        "audit-c",
        "dast-10",
        "c-ssrs",
        "barc-10",
    }
    for one in EVERY:
        assert all(bool(item.text) == (one.wording == "included") for item in one.items)


def test_a_line_is_not_given_by_telephone():
    assert [one.id for one in EVERY if "phone" not in one.modes] == ["craving-vas"]


def test_a_band_is_shown_by_its_label():
    assert PHQ9.label_of("moderately_severe") == "moderately severe"
    assert PHQ9.label_of(None) is None
    assert instruments()["audit", "1.0"].label_of("zone_4") == "zone IV"


def empty(one: Instrument) -> list[Answer]:
    return [None] * len(one.items)


def test_an_empty_form_of_every_instrument_is_possible_and_says_nothing():
    for one in EVERY:
        result = score(one, empty(one))
        assert check(one, empty(one)) == []
        assert (result.status, result.total, result.band) == ("incomplete", None, None)
        assert (result.positive, result.syndrome in (None, "not_met")) == (None, True)
