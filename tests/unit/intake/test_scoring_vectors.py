"""Published vectors of the instruments that have subscales, levels, gates or a scale."""

from datetime import datetime, timedelta

import pytest

from services.intake.screening.policy import Instrument
from services.intake.screening.rules import Sex, check, has_risen, score, with_skips
from tests.conftest import MONDAY
from tests.unit.intake.forms import (
    BAM,
    BAM_R,
    BARC10,
    C_SSRS,
    GAD2,
    NRS,
    PC_PTSD5,
    PCL5,
    PHQ2,
    PHQ9,
    VAS,
    answers,
    bam,
)


@pytest.mark.parametrize("instrument", [PHQ2, GAD2], ids=lambda one: one.id)
@pytest.mark.parametrize(
    ("given_answers", "total", "positive"),
    [
        ("0 0", 0, False),
        ("1 1", 2, False),
        ("1 2", 3, True),
        ("3 0", 3, True),
        ("3 3", 6, True),
        ("3 -", None, True),
        ("0 -", None, None),
        ("- -", None, None),
    ],
)
def test_the_two_item_screens_are_positive_from_3(
    instrument: Instrument, given_answers: str, total: int | None, positive: bool | None
):
    result = score(instrument, answers(given_answers))
    assert (result.total, result.positive, result.band) == (total, positive, None)


@pytest.mark.parametrize(
    ("given_answers", "total", "cut_3", "cut_4"),
    [
        ("N n n n n n", 0, False, False),
        ("Y 0 0 0 0 0", 0, False, False),
        ("Y 1 1 0 0 0", 2, False, False),
        ("Y 1 1 1 0 0", 3, True, False),
        ("Y 1 1 1 1 0", 4, True, True),
        ("Y 1 1 1 1 1", 5, True, True),
        ("Y 1 1 1 1 -", None, True, True),
        ("Y 1 1 - 0 0", None, None, False),
        ("- 1 1 1 1 1", None, None, None),
    ],
)
def test_pc_ptsd_5_vectors(
    given_answers: str, total: int | None, cut_3: bool | None, cut_4: bool | None
):
    row = answers(given_answers)
    assert check(PC_PTSD5, row) == []
    found: dict[Sex, object] = {sex: score(PC_PTSD5, row, sex).positive for sex in SEXES}
    assert found == {"female": cut_3, "male": cut_4, "unknown": cut_4}
    assert score(PC_PTSD5, row).total == total


SEXES: tuple[Sex, ...] = ("female", "male", "unknown")


def test_a_gate_that_is_not_answered_leaves_everything_open():
    result = score(PC_PTSD5, answers("- 1 1 1 1 1"), "female")
    assert (result.status, result.total, result.positive) == ("incomplete", None, None)
    assert (result.answered, result.expected, result.raw) == (5, 6, 5)


def test_who_had_no_traumatic_event_is_not_asked_about_it():
    assert score(PC_PTSD5, answers("N n n n n n")).expected == 1
    for row in ("N 0 n n n n", "N 1 0 0 0 0"):
        assert check(PC_PTSD5, answers(row))[0].item == 1
    assert [w.item for w in check(PC_PTSD5, answers("Y n 0 0 0 n"))] == [1, 5]


@pytest.mark.parametrize(
    ("given_answers", "total", "clusters", "syndrome", "cut_31", "cut_33"),
    [
        (" ".join("0" * 20), 0, (0, 0, 0, 0), "not_met", False, False),
        (" ".join("1" * 20), 20, (5, 2, 7, 6), "not_met", False, False),
        (" ".join("22111222211111222211"), 30, (7, 4, 9, 10), "met", False, False),
        (" ".join("22211212211112222211"), 31, (8, 3, 10, 10), "met", True, False),
        (" ".join("22111222211111222222"), 32, (7, 4, 9, 12), "met", True, False),
        (" ".join("22222112222211222111"), 33, (10, 2, 12, 9), "not_met", True, True),
        (" ".join("44444114410000410000"), 36, (20, 2, 9, 5), "not_met", True, True),
        (" ".join("20000202200000220000"), 12, (2, 2, 4, 4), "met", False, False),
        (" ".join("4" * 20), 80, (20, 8, 28, 24), "met", True, True),
    ],
)
def test_pcl_5_vectors(
    given_answers: str,
    total: int | None,
    clusters: tuple[int, ...],
    syndrome: str,
    cut_31: bool,
    cut_33: bool,
):
    result = score(PCL5, answers(given_answers))
    assert (result.total, result.syndrome, result.positive) == (total, syndrome, cut_33)
    assert tuple(part.total for part in result.subscores) == clusters
    assert [part.key for part in result.subscores] == ["b", "c", "d", "e"]
    assert result.band is None
    lower = PCL5.model_copy(update={"positive_from": {"any": 31}})
    assert score(lower, answers(given_answers)).positive is cut_31


def test_a_missing_pcl_5_answer_counts_as_no_symptom_and_that_is_told():
    row = answers(" ".join("20000202200000220000"))
    row[7] = None
    result = score(PCL5, row)
    assert (result.syndrome, result.notes) == ("not_met", ("symptoms_missing",))
    assert (result.status, result.total) == ("prorated", 11)
    assert [part.total for part in result.subscores] == [2, 2, None, 4]


def test_pcl_5_item_16_asks_for_a_look_but_raises_no_alert():
    row = answers(" ".join("0" * 20))
    for answer, notes in ((2, ()), (3, ("risk_taking",)), (4, ("risk_taking",))):
        row[15] = answer
        assert (score(PCL5, row).notes, score(PCL5, row).alerts) == (notes, ())


@pytest.mark.parametrize(
    ("given_answers", "use", "risk", "protective", "flagged"),
    [
        ("0 0 0 0 0 0 0 4 4 0 4 4 4 0 4 4", 0, 0, 24, ()),
        ("2 2 2 0 0 0 1 3 2 1 2 3 4 1 3 3", 0, 9, 17, ()),
        ("2 2 2 0 0 1 2 2 2 2 2 2 4 2 1 2", 1, 12, 13, ("use", "risk")),
        ("1 1 2 0 0 0 2 3 3 0 0 2 0 1 4 3", 0, 7, 12, ("protective",)),
        ("3 3 3 2 1 2 3 1 1 3 1 0 0 3 1 1", 5, 18, 4, ("use", "risk", "protective")),
        ("4 4 4 4 4 4 4 0 0 4 0 0 0 4 0 0", 12, 24, 0, ("use", "risk", "protective")),
    ],
)
def test_bam_vectors(
    given_answers: str, use: int, risk: int, protective: int, flagged: tuple[str, ...]
):
    assert check(BAM, bam(given_answers)) == []
    result = score(BAM, bam(given_answers))
    assert {part.key: part.total for part in result.subscores} == {
        "use": use,
        "risk": risk,
        "protective": protective,
    }
    assert tuple(part.key for part in result.subscores if part.flagged) == flagged
    assert (result.total, result.raw, result.band, result.positive) == (None,) * 4
    assert result.status == "complete"


@pytest.mark.parametrize(
    ("given_answers", "use", "risk", "protective"),
    [
        ("15 10 12 3 2 4 15 22 8 5 15 20 30 8 12 22", 9, 65, 107),
        ("0 0 0 0 0 0 0 30 30 0 30 30 30 0 30 30", 0, 0, 180),
        ("30 30 30 30 30 30 30 0 0 30 0 0 0 30 0 0", 90, 180, 0),
    ],
)
def test_bam_r_vectors(given_answers: str, use: int, risk: int, protective: int):
    assert check(BAM_R, bam(given_answers)) == []
    result = score(BAM_R, bam(given_answers))
    assert tuple(part.total for part in result.subscores) == (use, risk, protective)
    assert {part.flagged for part in result.subscores} == {None}
    assert result.total is None


@pytest.mark.parametrize("instrument", [BAM, BAM_R], ids=lambda one: one.id)
def test_a_bam_subscale_with_a_missing_answer_has_no_total_and_the_others_have(
    instrument: Instrument,
):
    result = score(instrument, bam("0 - 0 0 0 0 0 0 0 0 0 0 0 0 0 0"))
    assert [(part.key, part.total) for part in result.subscores] == [
        ("use", 0),
        ("risk", None),
        ("protective", 0),
    ]
    assert (result.status, result.answered, result.expected) == ("incomplete", 22, 23)
    assert result.subscores[1].flagged is None


@pytest.mark.parametrize("instrument", [BAM, BAM_R], ids=lambda one: one.id)
def test_bam_items_7_and_17_are_not_scored(instrument: Instrument):
    row = bam("0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -", "- - - - - - -")
    assert score(instrument, row).status == "complete"
    assert [part.total for part in score(instrument, row).subscores] == [0, 0, 0]
    assert score(instrument, row).answered == 15


@pytest.mark.parametrize(
    ("given_answers", "substances", "places"),
    [
        ("0 0 0 3 5 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0", [4]),
        ("0 0 0 3 3 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0", []),
        ("0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0", [4]),
        ("0 0 0 0 n 0 0 0 0 0 0 0 0 0 0 0", "n n n n n n n", []),
        ("0 0 0 1 n 1 0 0 0 0 0 0 0 0 0 0", "n 0 0 0 0 0 0", [4, 6]),
        ("0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "1 0 0 0 0 0 1", [6, 12]),
        ("0 0 0 0 0 9 0 0 0 0 0 0 0 0 0 0", "9 0 0 10 0 0 0", [9]),
        ("0 0 0 - 5 0 0 0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0", []),
    ],
)
def test_bam_r_answers_that_contradict_each_other_are_named(
    given_answers: str, substances: str, places: list[int]
):
    assert [wrong.item for wrong in check(BAM_R, bam(given_answers, substances))] == places


def test_bam_knows_the_same_contradictions_in_its_categories():
    wrong = check(BAM, bam("0 0 0 2 3 0 0 0 0 0 0 0 0 0 0 0"))
    assert [(one.item, one.detail) for one in wrong] == [
        (4, "Days of heavy drinking are days of drinking too.")
    ]
    assert [w.item for w in check(BAM, bam("0 0 0 0 0 0 0 0 0 0 0 0 2 0 0 0"))] == [19]
    assert [w.item for w in check(BAM, bam("0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "0 3 0 0 0 0 0"))]


@pytest.mark.parametrize(
    ("given_answers", "level", "alert"),
    [
        ("N N n n n N n", "none", None),
        ("Y N n n n N n", "low", None),
        ("Y Y N N N N n", "low", None),
        ("Y Y Y N N N n", "moderate", "moderate"),
        ("Y Y Y Y N N n", "high", "high"),
        ("Y Y N N Y N n", "high", "high"),
        ("N N n n n Y N", "moderate", "moderate"),
        ("N N n n n Y Y", "high", "high"),
        ("N N n n n Y -", "undetermined", "high"),
        ("- N n n n N n", "undetermined", "high"),
        ("Y Y Y - N N n", "undetermined", "high"),
        ("- - - Y - - -", "high", "high"),
        ("- - - - - - Y", "high", "high"),
        ("- - - - - - -", "undetermined", "high"),
    ],
)
def test_c_ssrs_vectors(given_answers: str, level: str, alert: str | None):
    row = answers(given_answers)
    assert check(C_SSRS, row) == []
    result = score(C_SSRS, row)
    assert result.level == level
    assert result.alerts == ((("suicide_risk", alert),) if alert else ())
    assert result.status == ("incomplete" if level == "undetermined" else "complete")
    assert (result.total, result.raw, result.positive, result.band) == (None,) * 4


def test_c_ssrs_jumps_from_question_2_to_question_6():
    assert with_skips(C_SSRS, answers("Y N - - - N -")) == answers("Y N n n n N n")
    assert with_skips(C_SSRS, answers("Y Y - - - Y -")) == answers("Y Y - - - Y -")
    assert [w.item for w in check(C_SSRS, answers("Y Y n n n N n"))] == [2, 3, 4]
    assert [w.item for w in check(C_SSRS, answers("N N n Y n Y n"))] == [3, 6]
    assert check(C_SSRS, answers("N N N N N N N")) == []


@pytest.mark.parametrize(
    ("given_answers", "alerts"),
    [
        ("0 0 0 0 0 0 0 0 0", ()),
        ("3 3 3 3 3 3 3 3 0", ()),
        ("3 3 3 3 3 3 3 3 -", ()),
        ("0 0 0 0 0 0 0 0 1", (("suicide_risk", "moderate"),)),
        ("- - - - - - - - 1", (("suicide_risk", "moderate"),)),
        ("- - - - - - - - 2", (("suicide_risk", "high"),)),
        ("0 0 0 0 0 0 0 0 3", (("suicide_risk", "high"),)),
    ],
)
def test_phq_9_item_9_alerts_by_itself(given_answers: str, alerts: tuple[tuple[str, str], ...]):
    assert score(PHQ9, answers(given_answers)).alerts == alerts


@pytest.mark.parametrize(
    ("instrument", "answer", "scaled", "notes"),
    [
        (VAS, 0, 0, ()),
        (VAS, 69, 69, ()),
        (VAS, 70, 70, ("strong_craving",)),
        (VAS, 100, 100, ("strong_craving",)),
        (NRS, 6, 60, ()),
        (NRS, 7, 70, ("strong_craving",)),
        (NRS, 10, 100, ("strong_craving",)),
        (NRS, None, None, ()),
        (VAS, None, None, ()),
    ],
)
def test_craving_is_kept_raw_and_on_the_shared_scale(
    instrument: Instrument, answer: int | None, scaled: int | None, notes: tuple[str, ...]
):
    assert check(instrument, [answer]) == []
    result = score(instrument, [answer])
    assert (result.total, result.scaled, result.notes) == (answer, scaled, notes)
    assert (result.alerts, result.positive) == ((), None)


@pytest.mark.parametrize(
    ("earlier", "now", "risen"),
    [
        ([(1, 30), (2, 30), (3, 30)], 50, True),
        ([(1, 30), (2, 30), (3, 30)], 49, False),
        ([(1, 20), (14, 40)], 50, True),
        ([(1, 20), (14, 42)], 50, False),
        ([(1, 30), (15, 0)], 49, False),
        ([(15, 0)], 100, False),
        ([(0, 0), (-1, 0)], 100, False),
        ([], 100, False),
    ],
)
def test_craving_has_risen_20_points_above_the_median_of_14_days(
    earlier: list[tuple[int, int]], now: int, risen: bool
):
    for instrument in (NRS, VAS):
        assert instrument.rise is not None
        before = [(MONDAY - timedelta(days=days), rating) for days, rating in earlier]
        assert has_risen(instrument.rise, now, MONDAY, before, "UTC") is risen


@pytest.mark.parametrize(
    ("today", "then", "counts"),
    [
        ("2026-11-08T09:00:00-07:00", "2026-10-25T09:00:00-06:00", True),
        ("2026-11-08T09:00:00-07:00", "2026-10-25T08:59:00-06:00", False),
        ("2026-03-15T09:00:00-06:00", "2026-03-01T09:00:00-07:00", True),
        ("2026-03-15T09:00:00-06:00", "2026-03-01T08:30:00-07:00", False),
    ],
)
def test_the_14_days_of_craving_are_days_of_the_sites_calendar(today: str, then: str, counts: bool):
    assert NRS.rise is not None
    earlier = [(datetime.fromisoformat(then), 0)]
    now = datetime.fromisoformat(today)
    assert has_risen(NRS.rise, 100, now, earlier, "America/Denver") is counts


@pytest.mark.parametrize(("instrument", "answer"), [(VAS, 101), (VAS, -1), (NRS, 11), (NRS, -1)])
def test_craving_beyond_its_line_is_impossible(instrument: Instrument, answer: int | None):
    (wrong,) = check(instrument, [answer])
    assert wrong.detail == f"Only 0 to {instrument.items[0].values[-1]} or null is possible here."


@pytest.mark.parametrize(
    ("given_answers", "total", "band"),
    [
        ("1 1 1 1 1 1 1 1 1 1", 10, "below_benchmark"),
        ("3 4 2 5 3 4 3 3 4 2", 33, "below_benchmark"),
        ("5 5 5 5 5 5 4 4 4 4", 46, "below_benchmark"),
        ("5 5 5 5 5 5 5 4 4 4", 47, "benchmark_reached"),
        ("6 6 6 6 6 6 6 6 6 6", 60, "benchmark_reached"),
        ("6 6 6 6 6 6 6 6 6 -", None, None),
    ],
)
def test_barc_10_vectors(given_answers: str, total: int | None, band: str | None):
    result = score(BARC10, answers(given_answers))
    assert (result.total, result.band, result.positive) == (total, band, None)


@pytest.mark.parametrize("answer", [0, 7])
def test_barc_10_has_no_answer_0_or_7(answer: int | None):
    assert check(BARC10, [answer, *[3] * 9])[0].item == 0
