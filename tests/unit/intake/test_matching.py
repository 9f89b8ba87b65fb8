"""How alike people are, and by which keys they are found."""

from datetime import date
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.matching.keys import (
    Person,
    day_and_month_swapped,
    keys_of,
    keys_to_search,
    national,
    phone_keys,
)
from services.intake.matching.names import family_parts, folded, skeleton
from services.intake.matching.policy import Matching, matching
from services.intake.matching.rules import likeness
from shared.datafiles import DataFileInvalid, parse

DATA = matching()


def someone(
    given: str = "Given",
    family: str = "Example",
    born: str | None = "1988-04-07",
    phone: str | None = None,
) -> Person:
    return Person(given, family, None if born is None else date.fromisoformat(born), phone)


def words(one: Person, other: Person) -> list[str]:
    return [reason.words for reason in likeness(one, other, DATA).reasons]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("  GIVEN  Second ", "given second"),
        ("O\u2019Neil", "oneil"),
        ("O'Neil", "oneil"),
        ("García-López", "garcia lopez"),
        ("Garci\u0301a", "garcia"),
        ("Müller", "muller"),
        ("Straße", "strasse"),
        ("Łukasz", "lukasz"),
        ("Sørensen", "sorensen"),
        ("Þór", "thor"),
        ("\uff21\uff42", "ab"),
        ("李", "李"),
        ("Jr.", "jr"),
        ("-", ""),
    ],
)
def test_a_name_is_compared_without_case_marks_and_hyphens(name: str, plain: str):
    assert folded(name) == plain


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("de la Cruz", ("cruz",)),
        ("van der Berg", ("berg",)),
        ("Example Jr.", ("example",)),
        ("Example III", ("example",)),
        ("La", ("la",)),
        ("Garcia y Lopez", ("garcia", "lopez")),
    ],
)
def test_particles_and_suffixes_are_left_out_unless_nothing_else_is_there(
    name: str, parts: tuple[str, ...]
):
    assert family_parts(name, DATA) == parts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("smith", "smyth"),
        ("catherine", "kathryn"),
        ("philip", "filip"),
        ("johnson", "jonson"),
        ("meyer", "maier"),
        ("robert", "rupert"),
        ("ali", "eli"),
    ],
)
def test_names_that_sound_alike_have_one_skeleton(one: str, other: str):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("smith", "jones"), ("ana", "tom"), ("lee", "ray")])
def test_names_that_sound_otherwise_do_not(one: str, other: str):
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize(
    ("day", "swapped"),
    [
        ("1988-04-07", date(1988, 7, 4)),
        ("1988-12-01", date(1988, 1, 12)),
        ("1988-04-04", None),
        ("1988-04-13", None),
    ],
)
def test_day_and_month_are_swapped_where_that_is_another_date(day: str, swapped: date | None):
    assert day_and_month_swapped(date.fromisoformat(day)) == swapped


def test_a_number_is_the_same_with_and_without_its_country_code():
    assert national("+13035550100") == national("303 555-0100") == "3035550100"
    assert phone_keys("+13035550100") != phone_keys("+13035550101")
    assert phone_keys(None) == []


FOUND = [
    (someone(), someone(), 1.0, ["same birth date", "same family name", "same given name"]),
    (
        someone(born="1988-04-07"),
        someone(born="1988-07-04"),
        0.9325,
        ["birth date day and month swapped", "same family name", "same given name"],
    ),
    (
        someone("Example", "Given"),
        someone("Given", "Example"),
        0.9725,
        ["same birth date", "names swapped"],
    ),
    (
        someone("Bob"),
        someone("Robert"),
        0.9875,
        ["same birth date", "same family name", "given name form 0.95"],
    ),
    (
        someone(family="Garcia"),
        someone(family="García-López"),
        0.985,
        ["same birth date", "family name alike 0.95", "same given name"],
    ),
    (
        someone(family="Exampel"),
        someone(family="Example"),
        0.9914,
        ["same birth date", "family name alike 0.97", "same given name"],
    ),
    (
        someone(born="1988-04-07"),
        someone(born="1998-04-07"),
        0.82,
        ["birth date one part differs", "same family name", "same given name"],
    ),
    (
        someone(family="Other", phone="+13035550100"),
        someone(family="Example", phone="+13035550100"),
        0.88,
        ["same birth date", "family name differs", "same given name", "same phone"],
    ),
    (
        someone(born=None),
        someone(),
        1.0,
        ["same family name", "same given name"],
    ),
]


@pytest.mark.parametrize(("one", "other", "score", "reasons"), FOUND)
def test_likely_duplicates_score_high_with_their_reasons(
    one: Person, other: Person, score: float, reasons: list[str]
):
    found = likeness(one, other, DATA)
    assert (found.score, [reason.words for reason in found.reasons]) == (
        pytest.approx(score, abs=0.001),
        reasons,
    )
    assert found.score >= DATA.threshold


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        (someone("Ana"), someone("Tom"), 0.75),
        (someone(), someone(born="1971-11-23"), 0.55),
        (someone("Ana", "Other"), someone("Tom", "Example"), 0.45),
        (someone(family="Other"), someone(family="Example"), 0.70),
        (
            someone("Ana", "Other", phone="+13035550100"),
            someone("Tom", "Else", "1971-11-23", "+13035550100"),
            0.60,
        ),
    ],
)
def test_siblings_namesakes_and_those_who_share_a_telephone_are_not_taken_for_one(
    one: Person, other: Person, score: float
):
    found = likeness(one, other, DATA)
    assert found.score == pytest.approx(score)
    assert found.score < DATA.threshold


def test_what_speaks_against_it_is_said_too():
    assert "given name differs" in words(someone("Ana"), someone("Tom"))
    assert "birth date differs" in words(someone(), someone(born="1971-11-23"))


@pytest.mark.parametrize(("one", "other"), [(one, other) for one, other, _, _ in FOUND])
def test_likely_duplicates_share_a_key_whoever_was_entered_first(one: Person, other: Person):
    assert set(keys_to_search(one, DATA)) & set(keys_of(other, DATA))
    assert set(keys_to_search(other, DATA)) & set(keys_of(one, DATA))


def test_a_key_holds_no_name_and_fits_a_bigint():
    for key in keys_of(someone(phone="+13035550100"), DATA):
        assert -(2**63) <= key < 2**63
    assert len(keys_of(someone(phone="+13035550100"), DATA)) == 4
    assert len(keys_of(someone(family="A B C D E F G"), DATA)) <= 9


PEOPLE = st.builds(
    Person,
    st.text("abcdeéø' -", min_size=1, max_size=8),
    st.text("abcdeéø' -", min_size=1, max_size=8),
    st.none() | st.dates(date(1980, 1, 1), date(1982, 12, 31)),
    st.none() | st.sampled_from(["+13035550100", "+13035550101"]),
)


@settings(max_examples=80)
@given(PEOPLE, PEOPLE)
def test_the_order_of_two_people_makes_no_difference_and_a_score_is_a_share(
    one: Person, other: Person
):
    there, back = likeness(one, other, DATA), likeness(other, one, DATA)
    assert there.score == back.score
    assert {reason.kind for reason in there.reasons} == {reason.kind for reason in back.reasons}
    assert 0 <= there.score <= 1


@settings(max_examples=80)
@given(PEOPLE)
def test_everybody_is_likeliest_to_be_themselves_and_found_by_any_of_their_keys(one: Person):
    assert likeness(one, one, DATA).score == pytest.approx(1.0)
    assert set(keys_of(one, DATA)) <= set(keys_to_search(one, DATA))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("family_name: 0.30", "family_name: 0.40"), "weights: the weights are shares of one"),
        (("[pamela, pam]", "[pamela, bob]"), "nicknames: bob is in two groups"),
        (("threshold: 0.80", "threshold: 8"), "threshold: Input should be less than"),
        (("most_shown: 20", "most_shown: 20\nmost: 3"), "most: Extra inputs"),
    ],
)
def test_matching_data_that_make_no_sense_are_refused(change: tuple[str, str], line: str):
    text = resources.files("services.intake.matching").joinpath("data/matching.yaml").read_text()
    with pytest.raises(DataFileInvalid, match=line):
        parse(Matching, text.replace(*change), "matching.yaml")
