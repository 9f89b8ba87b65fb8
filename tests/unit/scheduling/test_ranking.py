"""How cohorts rank for a client, by vectors: each rule says what it found, and in which words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.cohorts.checks import (
    CapacityAboveCap,
    NobodyFits,
    PhaseBelowLevel,
    PhaseContradicts,
    SizesContradict,
    StaffNotTrained,
    below_level,
    check,
)
from services.scheduling.cohorts.policy import cohort_policy
from services.scheduling.cohorts.schemas import ChangedCohort, Phase
from services.scheduling.hours.policy import level_hours
from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules.values import (
    EVERYBODY,
    Choice,
    Cohort,
    Eligibility,
    Need,
    Situation,
)
from services.scheduling.placement.seats import considered_json, read_considered
from services.scheduling.preferences.rules import DAY, Client, comes_after, opened, within
from shared.contracts.base import Criterion
from shared.weekly import Window
from tests.support.placement import choose_cohort

POLICY = placement_policy()
DENVER = ZoneInfo("America/Denver")
NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)
MONDAY_EVENING = datetime(2026, 11, 3, 0, 30, tzinfo=UTC)
"""17:30 in Denver, a day after its clocks went back."""
PLAIN = Cohort(
    UUID(int=1), "general", None, capacity=10, taken=4, name="Evening", site_name="North"
)
ANYBODY = Need(dual_diagnosis=False, gender_group=None)
EVENINGS = tuple(Window(weekday, 17 * 60, 21 * 60) for weekday in range(1, 6))


def chosen(client: Client, *cohorts: Cohort, **known: Any) -> Choice:
    return choose_cohort(ANYBODY, cohorts, POLICY, Situation(NOW, client, **known))


def only(client: Client, cohort: Cohort, **known: Any) -> tuple[dict[str, bool], str]:
    """The criteria of one cohort by name, and its sentence."""
    (one,) = chosen(client, cohort, **known).considered
    return {c.name: c.met for c in one.criteria}, one.sentence


@pytest.mark.parametrize(
    ("starts_at", "minutes", "expected"),
    [
        (MONDAY_EVENING, 180, 180),
        (MONDAY_EVENING - timedelta(weeks=1, hours=1), 180, 180),  # before the clocks went back
        (MONDAY_EVENING - timedelta(hours=1), 180, 150),
        (MONDAY_EVENING + timedelta(hours=2), 180, 90),
        (MONDAY_EVENING - timedelta(days=1), 180, 0),  # a Sunday
    ],
)
def test_hours_are_those_of_the_clients_own_clock(
    starts_at: datetime, minutes: int, expected: int
) -> None:
    assert within([(starts_at, minutes)], opened(EVENINGS), DENVER) == expected


def test_a_session_of_sunday_night_goes_on_in_the_hours_of_monday() -> None:
    sunday = datetime(2026, 11, 8, 23, tzinfo=UTC)
    night = opened([Window(1, 0, 60), Window(7, 23 * 60, DAY)])
    assert within([(sunday, 180)], night, ZoneInfo("UTC")) == 120


def test_an_evening_until_midnight_is_one_and_a_morning_is_none() -> None:
    assert comes_after(17 * 60, [Window(1, 20 * 60, DAY)])
    assert not comes_after(17 * 60, [Window(1, 8 * 60, 17 * 60)])


@pytest.mark.parametrize(
    ("rule", "client", "name", "words"),
    [
        (
            Eligibility(age_bands=("young_adult",)),
            Client(age_band="adult"),
            "age_band",
            "for the ages of young adult",
        ),
        (Eligibility(language="es"), Client(language="en-US"), "language", "another language (es)"),
        (Eligibility(court_mandated=True), Client(), "court_mandated", "whom a court referred"),
        (Eligibility(trauma_informed=True), Client(), "trauma_informed", "who need trauma care"),
        (Eligibility(telehealth=True), Client(telehealth=False), "modality", "cannot use"),
        (
            Eligibility(evening=True),
            Client(zone="America/Denver", windows=(Window(1, 8 * 60, 12 * 60),)),
            "evening",
            "when the client cannot come",
        ),
    ],
)
def test_a_cohort_that_is_for_others_says_so(
    rule: Eligibility, client: Client, name: str, words: str
) -> None:
    criteria, sentence = only(client, replace(PLAIN, eligibility=rule))
    assert [n for n, met in criteria.items() if not met] == [name]
    assert sentence.startswith("Evening at North: ")
    assert words in sentence


@pytest.mark.parametrize(
    ("rule", "client"),
    [
        (Eligibility(age_bands=("young_adult",)), Client()),
        (Eligibility(language="es"), Client()),
        (Eligibility(language="es"), Client(language="es-MX")),
        (Eligibility(telehealth=True, evening=True), Client()),
        (Eligibility(court_mandated=True), Client(court_referred=True)),
        (Eligibility(trauma_informed=True), Client(needs=frozenset({"trauma_informed"}))),
    ],
)
def test_what_is_not_known_is_not_held_against_a_client(rule: Eligibility, client: Client) -> None:
    assert chosen(client, replace(PLAIN, eligibility=rule)).cohort is not None


def test_a_share_of_the_week_has_to_be_within_the_clients_hours() -> None:
    client = Client(zone="America/Denver", windows=EVENINGS)
    at_half = replace(
        PLAIN, week=((MONDAY_EVENING, 180), (MONDAY_EVENING + timedelta(hours=12), 180))
    )
    criteria, sentence = only(client, at_half)
    assert criteria["availability"] is False
    assert sentence == "Evening at North: only 50 % of its time is in the client's week"
    whole = replace(PLAIN, starts_at=MONDAY_EVENING, week=((MONDAY_EVENING, 180),))
    assert only(client, whole)[1] == (
        "Evening at North: from 3 Nov, 6 of 10 seats free, all of it within the client's hours"
    )


def test_a_closed_cohort_takes_nobody_after_its_first_session() -> None:
    closed = replace(PLAIN, enrolment="closed")
    assert only(Client(), closed)[0]["enrolment"] is True
    assert only(Client(), replace(closed, began_at=NOW))[0]["enrolment"] is False


def test_a_phase_below_the_clients_level_of_care_is_none_to_begin_with() -> None:
    low = replace(PLAIN, phase_minutes=360)
    assert only(Client(), low, level_minutes=360)[0]["weekly_hours"] is True
    criteria, sentence = only(Client(), low, level_minutes=540)
    assert criteria["weekly_hours"] is False
    assert "begins with 6 h a week, and the client's level of care asks for 9 h" in sentence


def test_a_full_cohort_says_until_when_where_that_is_known() -> None:
    full = replace(PLAIN, taken=10, name="Evening men's group", time_zone="America/Denver")
    frees_at = datetime(2026, 12, 5, 1, tzinfo=UTC)
    assert only(Client(), full)[1] == "Evening men's group at North: full"
    assert only(Client(), replace(full, frees_at=frees_at))[1] == (
        "Evening men's group at North: full until 4 Dec"
    )


def test_who_must_not_meet_is_seen_by_staff_and_told_to_nobody_else() -> None:
    choice = chosen(Client(), PLAIN, apart=frozenset({PLAIN.id}))
    assert "ask a clinician" in choice.considered[0].sentence
    assert choice.cohort is None
    assert choice.criteria == ()


def test_the_score_weighs_start_hours_travel_and_the_known_therapist() -> None:
    soon = replace(PLAIN, id=UUID(int=2), starts_at=NOW + timedelta(days=1))
    later = replace(PLAIN, id=UUID(int=3), starts_at=NOW + timedelta(days=4))
    assert chosen(Client(), later, soon).cohort == soon
    known = Client(familiar=frozenset({later.id}))
    assert chosen(known, later, soon).cohort == later
    away = replace(soon, site_id=UUID(int=9))
    travel = {away.site_id: 60}
    assert chosen(Client(), later, away, travel=travel).cohort == later
    women = replace(later, id=UUID(int=4), gender_group="women")
    need = Need(dual_diagnosis=False, gender_group="women")
    for wish, expected in (("women", women), (None, soon)):
        at = Situation(NOW, Client(wished_group=wish))
        assert choose_cohort(need, [soon, women], POLICY, at).cohort == expected


def test_of_equal_cohorts_that_made_for_the_client_is_first_and_that_for_others_last() -> None:
    young = replace(PLAIN, id=UUID(int=9), eligibility=Eligibility(age_bands=("young_adult",)))
    assert chosen(Client(age_band="young_adult"), PLAIN, young).cohort == young
    assert chosen(Client(), PLAIN, young).cohort == PLAIN


def test_of_very_many_cohorts_it_is_told_how_many_lack_what() -> None:
    full = [replace(PLAIN, id=UUID(int=n + 1), taken=10) for n in range(400)]
    (criterion,) = chosen(Client(), *full).criteria
    assert (criterion.name, criterion.observed) == ("free_seat", "400 of 400 cohorts lack it")


def phase(minimum: int, maximum: int = 720) -> dict[str, Any]:
    return {
        "name": "Phase",
        "weeks": 4,
        "minimum_minutes": minimum,
        "maximum_minutes": maximum,
        "minimum_days": 3,
    }


def cohort(**changed: Any) -> ChangedCohort:
    plain = {"name": "Evening", "track": "general", "gender_group": None, "capacity": 10}
    return ChangedCohort.model_validate({**plain, "dual_diagnosis_trained": False, **changed})


def test_a_dual_diagnosis_cohort_needs_trained_staff() -> None:
    trained = cohort(track="dual_diagnosis", dual_diagnosis_trained=True)
    check(trained, cohort_policy(), POLICY, level_hours())
    with pytest.raises(StaffNotTrained):
        check(cohort(track="dual_diagnosis"), cohort_policy(), POLICY, level_hours())


def test_a_cohort_has_at_most_the_seats_that_the_rule_on_group_size_allows() -> None:
    check(cohort(capacity=12), cohort_policy(), POLICY, level_hours())
    with pytest.raises(CapacityAboveCap, match="9 CCR 10345"):
        check(cohort(capacity=13), cohort_policy(), POLICY, level_hours())


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"minimum_size": 11}, SizesContradict),
        ({"eligibility": {"age_bands": []}}, NobodyFits),
        ({"phases": [phase(720, 540)]}, PhaseContradicts),
        ({"phases": [phase(300)]}, NobodyFits),
        ({"phases": [phase(360)], "eligibility": {"age_bands": ["adult"]}}, NobodyFits),
    ],
)
def test_a_cohort_that_contradicts_itself_is_refused(
    changed: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        check(cohort(**changed), cohort_policy(), POLICY, level_hours())


def test_a_phase_of_six_hours_is_no_longer_the_level_and_is_warned_of_or_refused() -> None:
    stepped = cohort(phases=[phase(540), phase(360)])
    check(stepped, cohort_policy(), POLICY, level_hours())
    strict = cohort_policy().model_copy(update={"phases_below_level": "refuse"})
    with pytest.raises(PhaseBelowLevel, match=r"plans 6 h a week: level 2\.1 asks for 9 h"):
        check(stepped, strict, POLICY, level_hours())
    teens = cohort(phases=[phase(360)], eligibility={"age_bands": ["adolescent"]})
    check(teens, strict, POLICY, level_hours())


def test_three_times_three_hours_less_breaks_are_below_nine() -> None:
    first = Phase(**{**phase(495), "name": "First"})
    evening = cohort(phases=[first], eligibility={"age_bands": ["adult"]})
    words = below_level(evening, level_hours())
    assert words == {0: "First plans 8.25 h a week: level 2.1 asks for 9 h."}


LIKELY = st.builds(
    Cohort,
    id=st.uuids(),
    track=st.sampled_from(["general", "dual_diagnosis"]),
    gender_group=st.sampled_from([None, "women"]),
    capacity=st.sampled_from([4, 10]),
    taken=st.sampled_from([3, 4]),
    name=st.just("Evening"),
    site_name=st.just("North"),
    enrolment=st.sampled_from(["open", "closed"]),
    eligibility=st.sampled_from([EVERYBODY, Eligibility(language="es"), Eligibility(evening=True)]),
    phase_minutes=st.sampled_from([None, 360, 540]),
    began_at=st.sampled_from([None, NOW]),
    starts_at=st.sampled_from([None, MONDAY_EVENING]),
    week=st.sampled_from([(), ((MONDAY_EVENING, 180),)]),
    frees_at=st.sampled_from([None, NOW]),
)


@given(cohorts=st.lists(LIKELY, max_size=8, unique_by=lambda one: one.id), apart=st.booleans())
def test_many_cohorts_are_explained_as_each_alone_and_so_stored_and_read(
    cohorts: list[Cohort], apart: bool
) -> None:
    client = Client(zone="America/Denver", windows=EVENINGS, language="en")
    known: dict[str, Any] = {"level_minutes": 540}
    known["apart"] = frozenset(one.id for one in cohorts[:1] if apart)
    choice = chosen(client, *cohorts, **known)
    alone = [chosen(client, one, **known).considered[0] for one in cohorts]
    assert [one.finding for one in choice.considered] == [one.finding for one in alone]
    read = read_considered(considered_json(choice))
    assert [(one["cohort_id"], one["sentence"], one["eligible"]) for one in read] == [
        (str(one.cohort.id), one.sentence, one.eligible) for one in alone
    ]
    told = [[Criterion(**line) for line in one["criteria"]] for one in read]
    assert told == [[c for c in one.criteria if c.name != "no_contact"] for one in alone]
