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
    given: str | None = "Given",
    family: str | None = "Example",
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
        ("O Neill", ("oneill",)),
        ("O'Neill", ("oneill",)),
        ("Mc Donald Smith", ("mcdonald", "smith")),
        ("O", ("o",)),
        ("de la O", ("o",)),
        (None, ()),
        ("-", ()),
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


WRITTEN = [
    ("O Neill", "ONeill", "O'Neill", "O\u2019Neill", "O-Neill", "o neill", "ONEILL"),
    ("De La Cruz", "Delacruz", "DeLaCruz", "de la Cruz", "De la-Cruz", "Dela Cruz"),
    ("Smith-Jones", "SmithJones", "Smith Jones", "SMITH - JONES"),
    ("van der Berg", "Vanderberg", "Van Derberg", "VanDer Berg"),
    ("Mc Donald", "McDonald", "Mc-Donald"),
    ("Al-Hassan", "Alhassan", "Al Hassan", "al-Hassan"),
    ("St. John", "St John", "Stjohn"),
    ("D'Angelo", "D Angelo", "Dangelo"),
    ("Garc\u00eda L\u00f3pez", "Garcia-Lopez", "Garcialopez"),
    ("Nguyen Van", "Nguyenvan"),
    ("\u674e \u738b", "\u674e\u738b"),
]
PAIRS = [(one, other) for group in WRITTEN for one in group for other in group]


def finds(one: Person, other: Person) -> bool:
    """Whether a search for one shows the other."""
    shared = set(keys_to_search(one, DATA)) & set(keys_of(other, DATA))
    return bool(shared) and likeness(one, other, DATA).score >= DATA.threshold


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_family_name_is_the_same_written_apart_and_together(one: str, other: str):
    assert finds(someone(family=one, born=None), someone(family=other))
    assert words(someone(family=one, born=None), someone(family=other))[0] == "same family name"


@pytest.mark.parametrize(
    ("one", "other"), [("Mary Ann", "Maryann"), ("Jean-Luc", "Jeanluc"), ("Abdul Rahman",) * 2]
)
def test_a_given_name_is_the_same_written_apart_and_together(one: str, other: str):
    assert words(someone(one, born=None), someone(other))[1] == "same given name"
    assert finds(someone(one, born=None), someone(other))
    assert finds(someone(other, "Exampel", born=None), someone(one))


def slips(name: str) -> set[str]:
    """A name with one letter too many, too few, another one, or two exchanged; never the blanks."""
    made = set()
    for at in (at for at, letter in enumerate(name) if letter.isalpha()):
        before, letter, after = name[:at], name[at], name[at + 1 :]
        made |= {before + after, before + letter + letter + after, f"{before}x{after}"}
        if after[:1].isalpha():
            made.add(before + after[0] + letter + after[1:])
    return made


@pytest.mark.parametrize(("one", "other"), [pair for pair in PAIRS if pair[0].isascii()])
def test_names_written_apart_and_together_are_found_without_a_birth_date_and_with_one_slip(
    one: str, other: str
):
    for slipped in slips(one):
        assert finds(someone(family=slipped, born=None), someone(family=other)), slipped
        assert finds(someone(family=other, born=None), someone(family=slipped)), slipped


@pytest.mark.parametrize("slipped", sorted(slips("Robert")))
def test_a_slip_in_the_given_name_is_forgiven_too(slipped: str):
    assert finds(someone(slipped, "Smith-Jones", born=None), someone("Robert", "SmithJones"))
    assert finds(someone("Robert", "De la Cruz", born=None), someone(slipped, "Delacruz"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Al-Hassan", "Hassan"), ("Alhassan", "Hassan"), ("De La Cruz", "Cruz"), ("Neill", "O Neill")],
)
def test_a_family_name_is_found_without_its_particle(one: str, other: str):
    assert finds(someone(family=one, born=None), someone(family=other))
    assert finds(someone(family=other, born=None), someone(family=one))


@pytest.mark.parametrize(
    ("one", "other"), [("O Neill", "O Brien"), ("Mc Donald", "Mc Carthy"), ("De Vries", "De Jong")]
)
def test_a_prefix_or_particle_in_common_makes_no_two_family_names_alike(one: str, other: str):
    assert words(someone(family=one), someone(family=other))[1] == "family name differs"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (someone(None, "Suharto"), someone("Ahmad", "Suharto")),
        (someone("Suharto", None), someone("Ahmad", "Suharto")),
        (someone(None, "Suharto"), someone("Suharto", "Ahmad")),
        (someone(None, "Suharto"), someone("Suharto", None)),
        (someone(None, "Suharto"), someone(None, "Suharto")),
        (someone(None, "De La Cruz"), someone("Ana", "Delacruz")),
        (someone("Teller", ""), someone("-", "Teller")),
    ],
)
def test_one_name_finds_whoever_has_it_in_either_place(one: Person, other: Person):
    for this, that in ((one, other), (other, one)):
        sought = Person(this.given_name, this.family_name, None, None)
        assert finds(sought, that)
        assert finds(this, that)


@pytest.mark.parametrize("slipped", sorted(slips("Suharto")))
def test_one_name_is_found_with_one_slip_in_it(slipped: str):
    for full in (someone("Ahmad", "Suharto"), someone("Suharto", "Ahmad")):
        assert finds(someone(None, slipped, born=None), full)
        assert finds(Person(full.given_name, full.family_name, None, None), someone(slipped, None))


def test_that_somebody_has_one_name_only_is_said_and_counts_a_little_less():
    found = likeness(someone(None, "Suharto", None), someone("Ahmad", "Suharto"), DATA)
    assert found.score == pytest.approx(0.95)
    assert [one.words for one in found.reasons] == ["same family name", "one name only"]
    both = likeness(someone(None, "Suharto", None), someone(None, "Suharto"), DATA)
    assert (both.score, len(both.reasons)) == (pytest.approx(1.0), 1)


def test_namesakes_by_one_name_who_were_born_on_other_days_are_not_taken_for_one():
    one, other = someone(None, "Suharto"), someone("Ahmad", "Suharto", "1971-11-23")
    assert not finds(one, other)


@pytest.mark.parametrize(("one", "other"), [(one, other) for one, other, _, _ in FOUND])
def test_likely_duplicates_share_a_key_whoever_was_entered_first(one: Person, other: Person):
    assert set(keys_to_search(one, DATA)) & set(keys_of(other, DATA))
    assert set(keys_to_search(other, DATA)) & set(keys_of(one, DATA))


def test_a_key_holds_no_name_and_fits_a_bigint():
    for key in keys_of(someone(phone="+13035550100"), DATA):
        assert -(2**63) <= key < 2**63
    assert len(keys_of(someone(phone="+13035550100"), DATA)) == 12
    assert len(keys_of(someone("Ana Maria", "De La Cruz", phone="+13035550100"), DATA)) <= 30
    assert len(keys_of(someone("A B C", "A B C D E F G"), DATA)) <= 30


PEOPLE = st.builds(
    Person,
    st.none() | st.text("abcdeéø' -", min_size=1, max_size=8),
    st.none() | st.text("abcdeéø' -", min_size=1, max_size=8),
    st.none() | st.dates(date(1980, 1, 1), date(1982, 12, 31)),
    st.none() | st.sampled_from(["+13035550100", "+13035550101"]),
).filter(lambda one: any(folded(name or "") for name in (one.given_name, one.family_name)))


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
def test_everybody_is_likeliest_to_be_themselves_and_found_by_each_thing_known_of_them(one: Person):
    assert likeness(one, one, DATA).score == pytest.approx(1.0)
    keys = set(keys_of(one, DATA))
    assert keys & set(keys_to_search(Person(one.given_name, one.family_name, None, None), DATA))
    assert set(phone_keys(one.phone)) <= keys & set(keys_to_search(one, DATA))
    if one.birth_date is not None:
        nameless = Person(None, None, one.birth_date, None)
        assert set(keys_to_search(nameless, DATA)) & keys


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
