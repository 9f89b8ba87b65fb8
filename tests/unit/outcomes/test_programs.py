"""Who counts in program measures, by vectors of their definitions; and files that are refused."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.outcomes.programs.policy import TAKES, Measures, ProgramMeasure, measures
from services.outcomes.programs.rules.facts import Period, Referral, Stay, Survey
from services.outcomes.programs.rules.measures import KINDS, kind_of
from services.outcomes.programs.rules.proportion import wilson
from shared.datafiles import DataFileInvalid, parse

YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))
WHO: dict[str, Any] = {"id": UUID(int=1), "client_id": UUID(int=2), "site_id": UUID(int=3)}


def days(*wanted: str) -> list[date]:
    return [date.fromisoformat(f"2026-{day}") for day in wanted]


def of(measure_id: str, case: Any, period: Period = YEAR) -> list[str]:
    """The classes in which a case counts by a definition that is shipped."""
    measure = measures().by_id[measure_id]
    return [one.falls for one in kind_of(measure).count(measure, case, period)]


def stay(*attended: str, ended: str | None = None, how: str = "completed", **more: Any) -> Stay:
    (ended_on,) = days(ended) if ended else (None,)
    told = {"today": date(2026, 12, 31), "enrolled_on": date(2026, 1, 1), **WHO, **more}
    end = how if ended else None
    return Stay(attended_on=days(*attended), ended_on=ended_on, ended_as=end, **told)


def referral(*attended: str, **more: Any) -> Referral:
    told = {"today": date(2026, 12, 31), "received_on": date(2026, 3, 10), "state": "accepted"}
    return Referral(attended_on=days(*attended), **{**WHO, **told, **more})


def test_every_kind_is_counted():
    assert KINDS.keys() == TAKES.keys() == {one.kind for one in measures().measures}


def test_a_stay_is_retained_and_active_by_the_vector():
    vector = stay("01-01", "01-25", ended="02-20", how="lost")
    assert of("retained_30", vector) == ["retained"]
    assert of("active_30", vector) == ["retained"]
    assert of("retained_90", vector) == ["not_retained"]
    quiet = stay("01-01", ended="02-20")
    assert (of("retained_30", quiet), of("active_30", quiet)) == (["retained"], ["not_retained"])


def test_a_stay_whose_day_has_not_come_is_in_no_denominator():
    young = stay("01-01", today=date(2026, 1, 30))
    assert of("retained_30", young) == []
    assert of("retained_30", stay("01-01", today=date(2026, 1, 31))) == ["retained"]
    assert of("retained_30", stay("01-01", ended="01-10", how="died")) == []


@pytest.mark.parametrize(
    ("attended", "initiated"), [("03-10", True), ("03-23", True), ("03-24", False)]
)
def test_initiation_is_by_the_thirteenth_day_after(attended: str, initiated: bool):
    found = of("initiation", referral(attended))
    assert found == ["initiated" if initiated else "not_initiated"]


def test_engagement_is_two_further_days_within_thirty_four():
    assert of("engagement", referral("03-20", "03-21", "04-23")) == ["engaged"]
    assert of("engagement", referral("03-20", "03-21", "04-24")) == ["not_engaged"]
    assert of("engagement", referral("03-20", "04-23")) == ["not_engaged"]
    assert of("engagement", referral("03-24", "03-25", "03-26")) == ["not_engaged"]


@pytest.mark.parametrize(("before", "counts"), [("2025-08-28", False), ("2025-08-27", True)])
def test_who_had_a_service_in_194_days_before_is_no_new_episode(before: str, counts: bool):
    known = referral("03-11", served_before_on=date.fromisoformat(before))
    assert bool(of("initiation", known)) == counts


def test_initiation_waits_until_its_days_are_over():
    assert of("initiation", referral("03-11", today=date(2026, 3, 23))) == []
    assert of("initiation", referral("03-11", today=date(2026, 3, 24))) == ["initiated"]


def test_of_the_first_service_it_is_known_how_it_stands():
    assert of("days_to_first_service", referral("03-23")) == ["within"]
    assert of("days_to_first_service", referral("03-24")) == ["late"]
    assert of("days_to_first_service", referral(today=date(2026, 3, 23))) == ["due"]
    assert of("days_to_first_service", referral(today=date(2026, 3, 24))) == ["late"]
    gone = referral(state="declined", reason="moved_away", ended_on=date(2026, 3, 12))
    assert of("days_to_first_service", gone) == ["stopped"]
    assert of("referrals", gone) == ["ended_otherwise"]
    assert of("referrals", referral(reason="entered_in_error")) == []


def test_late_entry_counts_from_the_day_before_the_period():
    measure = measures().by_id["retention_of_those_present"]
    april = Period(date(2026, 4, 1), date(2026, 5, 1))

    def span(case: Stay) -> tuple[int, int, str | None]:
        (one,) = kind_of(measure).count(measure, case, april)
        assert one.span is not None
        return one.span.entry, one.span.exit, one.span.end

    assert span(stay("03-02", ended="04-01")) == (29, 30, "ended")
    assert span(stay("03-02")) == (29, 59, None)
    assert span(stay("04-01", ended="04-01")) == (0, 0, "ended")
    assert span(stay("03-02", ended="06-01")) == (29, 59, None)
    assert span(stay("03-02", ended="04-10", how="died")) == (29, 39, None)
    assert of("retention_of_those_present", stay("03-02", ended="03-31"), april) == []


def test_of_whoever_did_not_answer_the_answer_is_unknown():
    asked = {"today": date(2026, 12, 31), "days": 90, "due_on": date(2026, 5, 1), **WHO}
    asked |= {"closes_on": date(2026, 5, 31)}
    for state, answers, found in (
        ("answered", {"substance_use": "none"}, ["none"]),
        ("answered", {"housing": "yes"}, ["unknown"]),
        ("lost", {}, ["unknown"]),
        ("died", {}, ["unknown"]),
        ("due", {}, []),
    ):
        assert of("use_at_90_days", Survey(state=state, answers=answers, **asked)) == found
    lost = Survey(state="lost", **asked)
    assert (of("follow_up_90", lost), of("follow_up_90", Survey(state="due", **asked))) == (
        ["lost"],
        [],
    )


def test_a_stay_changed_as_its_course_says_and_whoever_has_none_was_not_measured():
    for changed, falls in (
        ("improvement", "improved"),
        ("none", "unchanged"),
        ("deterioration", "deteriorated"),
        (None, "not_measured"),
    ):
        assert of("phq_9_change", stay("01-01", ended="02-20", changed=changed)) == [falls]


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 12, 0, 0.2425), (11, 12, 0.6461, 0.9851), (12, 12, 0.7575, 1)],
)
def test_limits_of_a_share_are_those_of_wilson(count: int, total: int, low: float, high: float):
    assert wilson(count, total) == pytest.approx((low, high), abs=5e-5)


GOOD = """
id: m
version: "1"
source: s
smallest_cell: 11
curve_days: [1, 30]
measures:
  - {id: a, name: n, kind: %s, numerator: n, denominator: d, period: p, censoring: c, exclusions: e,
     source: s, classes: {x: y}%s}
"""


@pytest.mark.parametrize(
    ("kind", "more", "why"),
    [
        ("joy", "", "of no known kind"),
        ("retained", "", "needs within_days"),
        ("census", ", within_days: 3", "has no use for within_days"),
        ("discharge_share", ", ends: [lost], excluded_ends: [lost]", "counts and leaves out lost"),
        ("discharge_share", ", ends: [vanished]", "ends"),
        ("answer", ", within_days: 90, question: mood", "names a question"),
        ("reliable_change", ", instrument: bam, series: use", "calls no change of this reliable"),
        ("reliable_change", ", instrument: no-such", "calls no change of this reliable"),
    ],
)
def test_a_definition_that_cannot_be_counted_is_refused_with_its_line(
    kind: str, more: str, why: str
):
    with pytest.raises(DataFileInvalid, match=why) as refused:
        parse(Measures, GOOD % (kind, more), "measures.yaml")
    assert refused.value.line >= 8


def test_every_definition_that_is_shipped_says_what_it_counts():
    for measure in measures().measures:
        assert isinstance(measure, ProgramMeasure)
        assert measure.classes
    parse(Measures, GOOD % ("census", ""), "measures.yaml")
