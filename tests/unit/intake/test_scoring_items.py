"""Each answer of each item, held against what the forms say, written down here by hand."""

from itertools import combinations, product

import pytest

from services.intake.screening.policy import Instrument
from services.intake.screening.rules import Answer, check, score, with_skips
from tests.unit.intake.forms import (
    AUDIT,
    BAM,
    BAM_R,
    BARC10,
    C_SSRS,
    DAST10,
    EVERY,
    GAD7,
    PC_PTSD5,
    PCL5,
    PHQ9,
    bam,
)

FREQUENCY = {0: 0, 1: 1, 2: 2, 3: 3}
AGREEMENT = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6}
FIVE = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}
EVER = {0: 0, 2: 2, 4: 4}
YES = {0: 0, 1: 1}
NO = {0: 1, 1: 0}
POINTS: dict[str, list[dict[int, int]]] = {
    "phq-9": [FREQUENCY] * 9,
    "phq-2": [FREQUENCY] * 2,
    "gad-7": [FREQUENCY] * 7,
    "gad-2": [FREQUENCY] * 2,
    "audit": [FIVE] * 8 + [EVER] * 2,
    "audit-c": [FIVE] * 3,
    "dast-10": [YES, YES, NO, YES, YES, YES, YES, YES, YES, YES],
    "pcl-5": [FIVE] * 20,
    "barc-10": [AGREEMENT] * 10,
    "craving-nrs": [{n: n for n in range(11)}],
    "craving-vas": [{n: n for n in range(101)}],
}
"""Of the instruments that are one sum of all items."""
SUMS = [one for one in EVERY if one.id in POINTS]
BASES = {
    "audit": [1, 2, 1, 0, 3, 2, 1, 4, 2, 0],
    "dast-10": [1, 1, 1, 0, 1, 0, 0, 1, 0, 0],
    "barc-10": [3, 4, 2, 5, 3, 4, 3, 3, 4, 2],
}


def base_of(one: Instrument) -> list[Answer]:
    return [*BASES.get(one.id, [1, 2, 1, 0, 3, 2, 1, 0, 2, 1] * 2)][: len(one.items)]


def test_every_instrument_is_looked_at_item_by_item():
    assert {one.id for one in EVERY} - POINTS.keys() == {"bam", "bam-r", "c-ssrs", "pc-ptsd-5"}


@pytest.mark.parametrize("one", SUMS, ids=lambda one: one.id)
def test_each_answer_moves_the_total_by_what_the_form_says(one: Instrument):
    points, base = POINTS[one.id], base_of(one)
    assert len(points) == len(one.items)
    start = sum(item[answer] for item, answer in zip(points, base, strict=True))
    assert score(one, base).total == start
    for place, item in enumerate(points):
        for answer, worth in item.items():
            changed: list[Answer] = [*base[:place], answer, *base[place + 1 :]]
            found = score(one, changed)
            assert found.total == start - item[base[place]] + worth, (one.id, place, answer)
            assert (found.status, found.raw) == ("complete", found.total)


@pytest.mark.parametrize("one", SUMS, ids=lambda one: one.id)
def test_every_other_number_is_impossible_in_its_place(one: Instrument):
    base = base_of(one)
    for place, item in enumerate(POINTS[one.id]):
        for number in {*range(-2, 9), 10, 11, 100, 101} - item.keys():
            changed: list[Answer] = [*base[:place], number, *base[place + 1 :]]
            (wrong,) = check(one, changed)
            assert wrong.item == place
            assert wrong.detail.startswith("Only ")


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_a_row_that_is_too_short_or_too_long_is_refused_as_a_whole(one: Instrument):
    for wrong in (len(one.items) - 1, len(one.items) + 1):
        (found,) = check(one, [None] * wrong)
        assert (found.item, found.detail) == (0, f"{one.title} has {len(one.items)} items.")
    assert check(one, [None] * len(one.items)) == []


def test_all_no_scores_1_on_dast_10_as_item_3_is_reversed():
    assert score(DAST10, [0] * 10).total == 1
    assert score(DAST10, [1] * 10).total == 9
    assert score(DAST10, [0, 0, 1, *[0] * 7]).total == 0


def bands(starts: list[tuple[int, str]], totals: range) -> dict[int, str]:
    return {total: [name for start, name in starts if total >= start][-1] for total in totals}


@pytest.mark.parametrize(
    ("one", "expected", "cut"),
    [
        (
            PHQ9,
            bands(
                [
                    (0, "minimal"),
                    (5, "mild"),
                    (10, "moderate"),
                    (15, "moderately_severe"),
                    (20, "severe"),
                ],
                range(28),
            ),
            10,
        ),
        (
            GAD7,
            bands([(0, "minimal"), (5, "mild"), (10, "moderate"), (15, "severe")], range(22)),
            10,
        ),
        (
            AUDIT,
            bands([(0, "zone_1"), (8, "zone_2"), (16, "zone_3"), (20, "zone_4")], range(41)),
            8,
        ),
        (
            DAST10,
            bands(
                [(0, "none"), (1, "low"), (3, "moderate"), (6, "substantial"), (9, "severe")],
                range(11),
            ),
            3,
        ),
        (BARC10, bands([(10, "below_benchmark"), (47, "benchmark_reached")], range(10, 61)), None),
        (PCL5, dict.fromkeys(range(81)), 33),
    ],
    ids=lambda value: value.id if isinstance(value, Instrument) else "",
)
def test_every_total_has_its_band_and_says_whether_the_cut_is_reached(
    one: Instrument, expected: dict[int, str], cut: int | None
):
    seen = set()
    row: list[Answer] = [min(item, key=item.__getitem__) for item in POINTS[one.id]]
    for place, item in enumerate(POINTS[one.id]):
        for answer in sorted(item, key=item.__getitem__):
            row[place] = answer
            result = score(one, row)
            assert result.total is not None
            assert result.band == expected[result.total]
            assert result.positive == (None if cut is None else result.total >= cut)
            seen.add(result.total)
    skipped = {33, 35, 37, 39} if one is AUDIT else set()  # its last two items count by twos
    assert set(expected) - seen == skipped


def test_pc_ptsd_5_counts_five_answers_and_not_its_gate():
    for row in product((0, 1), repeat=5):
        assert score(PC_PTSD5, [1, *row]).total == sum(row)
        for place in range(6):
            wrong: list[Answer] = [1, *row]
            wrong[place] = 2
            assert [found.item for found in check(PC_PTSD5, wrong)] == [place]


BAM_PARTS = {
    "use": ["4", "5", "6"],
    "risk": ["1", "2", "3", "8", "11", "15"],
    "protective": ["9", "10", "12", "13", "14", "16"],
}
BAM_NUMBERS = [*"123456", *(f"7{part}" for part in "ABCDEFG"), *map(str, range(8, 18))]
CATEGORIES = {number: [0, 4] if number == "14" else [0, 1, 2, 3, 4] for number in BAM_NUMBERS}
EXTENTS = {number: [0, 8, 15, 22, 30] for number in ("1", "8", "9", "12", "15", "17")}
DAYS = {number: list(range(31)) for number in BAM_NUMBERS} | EXTENTS | {"14": [0, 30]}


@pytest.mark.parametrize(("one", "known"), [(BAM, CATEGORIES), (BAM_R, DAYS)], ids=["bam", "bam-r"])
def test_each_bam_answer_moves_the_one_subscale_it_belongs_to(
    one: Instrument, known: dict[str, list[int]]
):
    base = bam("0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0")
    for place, number in enumerate(BAM_NUMBERS):
        for answer in known[number]:
            row: list[Answer] = [*base[:place], answer, *base[place + 1 :]]
            expected = {key: answer * (number in items) for key, items in BAM_PARTS.items()}
            assert {part.key: part.total for part in score(one, row).subscores} == expected
        possible = {
            n
            for n in range(-1, 33)
            if not any(
                wrong.item == place and wrong.detail.startswith("Only")
                for wrong in check(one, [*base[:place], n, *base[place + 1 :]])
            )
        }
        assert possible == set(known[number]), number


@pytest.mark.parametrize(
    ("key", "bound"), [("use", range(1, 13)), ("risk", range(12, 25)), ("protective", range(13))]
)
def test_bam_prompts_a_look_at_exactly_these_totals(key: str, bound: range):
    row: list[Answer] = [0] * 23
    for number in BAM_PARTS[key]:
        for answer in CATEGORIES[number]:
            row[BAM_NUMBERS.index(number)] = answer
            part = next(part for part in score(BAM, row).subscores if part.key == key)
            assert part.flagged is (part.total in bound)


def triage(row: list[Answer]) -> str:
    """The Columbia triage in plain words."""
    q1, q2, q3, q4, q5, ever, recently = (answer == 1 for answer in row)
    if q4 or q5 or recently:
        return "high"
    if None in row:
        return "undetermined"
    if q3 or ever:
        return "moderate"
    return "low" if q1 or q2 else "none"


def test_c_ssrs_finds_the_level_of_every_possible_row():
    for given in product((0, 1, None), repeat=7):
        row = with_skips(C_SSRS, given)
        assert score(C_SSRS, row).level == triage(row), row


def algorithm(row: tuple[int, ...]) -> str:
    """The PHQ-9 algorithm in plain words."""
    symptoms = [answer >= 2 for answer in row[:8]] + [row[8] >= 1]
    if not (symptoms[0] or symptoms[1]):
        return "none"
    count = sum(symptoms)
    return "major" if count >= 5 else "other" if count >= 2 else "none"


def test_phq_9_algorithm_for_every_set_of_symptoms():
    for row in product((1, 2), repeat=8):
        for last in (0, 1, 3):
            whole = (*row, last)
            assert score(PHQ9, whole).syndrome == algorithm(whole)
    for place in range(9):
        row = [2] * 9
        row[place] = None  # type: ignore[call-overload]
        assert score(PHQ9, row).syndrome is None


def test_pcl_5_rule_needs_1_of_b_1_of_c_2_of_d_and_2_of_e():
    clusters = (range(5), range(5, 7), range(7, 14), range(14, 20))
    for counts in product(range(3), repeat=4):
        row: list[Answer] = [1] * 20
        for places, count in zip(clusters, counts, strict=True):
            for place in list(places)[-count:] if count else []:
                row[place] = 2
        b, c, d, e = counts
        met = b >= 1 and c >= 1 and d >= 2 and e >= 2
        assert score(PCL5, row).syndrome == ("met" if met else "not_met")
    for places in clusters:
        for place, other in combinations(places, 2):
            row = [2 if n not in places or n in (place, other) else 1 for n in range(20)]
            assert score(PCL5, row).syndrome == "met"
