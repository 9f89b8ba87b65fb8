"""Which cohort a client joins, and that the choice explains itself."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules.values import Cohort, Need
from tests.support.placement import choose_cohort

POLICY = placement_policy()
MIXED = Cohort(UUID(int=1), "general", None, capacity=10, taken=0)
WOMEN = Cohort(UUID(int=2), "general", "women", capacity=10, taken=8)
MEN = Cohort(UUID(int=3), "general", "men", capacity=10, taken=0)
DUAL = Cohort(UUID(int=4), "dual_diagnosis", None, capacity=10, taken=0)
DUAL_WOMEN = Cohort(UUID(int=5), "dual_diagnosis", "women", capacity=10, taken=9)
ALL = [MIXED, WOMEN, MEN, DUAL, DUAL_WOMEN]

ANYBODY = Need(dual_diagnosis=False, gender_group=None)
A_WOMAN = Need(dual_diagnosis=False, gender_group="women")
WITH_BOTH = Need(dual_diagnosis=True, gender_group=None)


def chosen(need: Need, *cohorts: Cohort) -> Cohort | None:
    return choose_cohort(need, cohorts, POLICY).cohort


def test_a_client_without_a_stated_group_joins_a_mixed_cohort() -> None:
    assert chosen(ANYBODY, *ALL) == MIXED
    assert chosen(ANYBODY, WOMEN, MEN) is None


def test_a_gender_specific_cohort_comes_before_a_mixed_one_with_more_seats() -> None:
    assert chosen(A_WOMAN, *ALL) == WOMEN


def test_a_full_gender_specific_cohort_leaves_the_mixed_one() -> None:
    assert chosen(A_WOMAN, MIXED, replace(WOMEN, taken=10), MEN) == MIXED


def test_a_client_with_a_dual_diagnosis_joins_only_a_cohort_trained_for_it() -> None:
    assert chosen(WITH_BOTH, *ALL) == DUAL
    assert chosen(WITH_BOTH, MIXED, WOMEN, MEN) is None


def test_seats_for_dual_diagnosis_are_kept_for_those_who_need_them() -> None:
    assert chosen(ANYBODY, DUAL) is None


def test_of_equal_cohorts_the_one_with_most_free_seats_and_then_the_oldest_is_chosen() -> None:
    fuller = replace(MIXED, id=UUID(int=7), taken=1)
    same = replace(MIXED, id=UUID(int=8))
    assert chosen(ANYBODY, fuller, same, MIXED) == MIXED
    assert chosen(ANYBODY, fuller, same) == same


def test_the_cap_on_group_size_holds_whatever_the_capacity_says() -> None:
    cap = POLICY.seats.hard_cap
    large = replace(MIXED, capacity=cap + 5)
    assert chosen(ANYBODY, replace(large, taken=cap - 1)) is not None
    assert chosen(ANYBODY, replace(large, taken=cap)) is None


def test_a_choice_says_why_with_sources() -> None:
    choice = choose_cohort(A_WOMAN, ALL, POLICY)
    assert [c.name for c in choice.criteria] == [
        "track",
        "gender_group",
        "free_seat",
        "preference",
    ]
    assert all(c.met and c.source for c in choice.criteria)
    assert choice.criteria[2].observed == "8 of 10 seats taken"
    assert choice.criteria[3].observed == "first of 2 cohorts that fit, of 5 at the site"
    assert [one.cohort.id for one in choice.considered if one.eligible] == [MIXED.id, WOMEN.id]


def test_without_a_seat_each_cohort_says_what_it_lacks() -> None:
    full = replace(DUAL, taken=10)
    choice = choose_cohort(WITH_BOTH, [MIXED, full], POLICY)
    assert choice.cohort is None
    assert [(c.name, c.met) for c in choice.criteria] == [("track", False), ("free_seat", False)]
    assert choice.criteria[1].observed == f"cohort {full.id}: 10 of 10 seats taken"


def test_a_site_without_cohorts_is_named_as_the_reason() -> None:
    (criterion,) = choose_cohort(ANYBODY, [], POLICY).criteria
    assert (criterion.name, criterion.met) == ("cohort_at_site", False)


cohorts = st.lists(
    st.builds(
        Cohort,
        id=st.uuids(),
        track=st.sampled_from(["general", "dual_diagnosis"]),
        gender_group=st.sampled_from([None, "men", "women"]),
        capacity=st.integers(1, 20),
        taken=st.integers(0, 20),
    ),
    max_size=6,
    unique_by=lambda cohort: cohort.id,
)
needs = st.builds(
    Need, dual_diagnosis=st.booleans(), gender_group=st.sampled_from([None, "men", "women"])
)


@given(need=needs, offered=cohorts)
def test_whoever_is_placed_fits_and_nobody_waits_while_a_fitting_seat_is_free(
    need: Need, offered: list[Cohort]
) -> None:
    choice = choose_cohort(need, offered, POLICY)
    eligible = [one.cohort for one in choice.considered if one.eligible]
    assert (choice.cohort is None) == (not eligible)
    if choice.cohort is not None:
        assert choice.cohort.taken < min(choice.cohort.capacity, POLICY.seats.hard_cap)
        assert (choice.cohort.track == "dual_diagnosis") == need.dual_diagnosis
        assert choice.cohort.gender_group in (None, need.gender_group)
        assert all(c.met for c in choice.criteria)
    else:
        assert choice.criteria
        assert not any(c.met for c in choice.criteria)


@given(need=needs, offered=cohorts, order=st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_the_cohorts(
    need: Need, offered: list[Cohort], order: "object"
) -> None:
    shuffled = list(offered)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert chosen(need, *offered) == chosen(need, *shuffled)
