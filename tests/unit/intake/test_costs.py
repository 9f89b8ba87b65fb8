"""What a program costs a client, exact to the cent."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.costs.policy import PriceList, price_list, programs
from services.intake.costs.rules import (
    Charge,
    Estimate,
    NoPrice,
    PlanTerms,
    days_of,
    dollars,
    estimate,
)
from services.intake.sliding_scale.rules import Share

PRICES = price_list(UUID(int=7))
HALF = Share("hhs-2026", 1_596_000, 150, "illustrative", "1", "half", 50, None)
NOMINAL = Share("hhs-2026", 1_596_000, 90, "illustrative", "1", "nominal", 0, 1_000)


def week(number: int, cents: int = 30_000) -> list[tuple[Charge, ...]]:
    return [(Charge("iop_day", 1, cents),) for _ in range(number)]


def amounts(found: Estimate) -> dict[str, int]:
    return {line.kind: line.cents for line in found.lines}


def test_a_program_is_charged_by_day_and_by_week() -> None:
    days = days_of(programs()["iop-3x3"], 2, date(2026, 3, 2), PRICES.price)
    assert [sum(charge.cents for charge in day) for day in days] == [
        36_000,
        32_500,
        32_500,
        36_000,
        32_500,
        32_500,
    ]


def test_the_price_of_a_week_is_that_of_its_first_day() -> None:
    days = days_of(programs()["iop-3x3"], 2, date(2025, 12, 29), PRICES.price)
    assert [day[0].cents_each for day in days] == [31_000] * 3 + [32_500] * 3
    found = estimate(days, None, None)
    assert [line.explanation for line in found.lines] == [
        "3 of iop_day at $310.00",
        "2 of drug_test at $35.00",
        "3 of iop_day at $325.00",
    ]


def test_a_service_without_a_price_then_is_no_estimate() -> None:
    with pytest.raises(NoPrice, match="iop_day has no price on 2024-12-30"):
        days_of(programs()["iop-3x3"], 1, date(2024, 12, 30), PRICES.price)


def test_the_deductible_comes_first_then_the_copay_then_coinsurance() -> None:
    plan = PlanTerms(deductible_left=40_000, copay_a_day=2_500, coinsurance_percent=20)
    found = estimate(week(3), plan, None)
    assert amounts(found) == {
        "charge": 90_000,
        "deductible": 40_000,
        "copay": 5_000,
        "coinsurance": 9_000,
        "plan_pays": -36_000,
    }
    assert found.client_pays == 54_000


def test_the_client_pays_no_more_than_the_limit_and_the_plan_the_rest() -> None:
    plan = PlanTerms(copay_a_day=5_000, coinsurance_percent=10, out_of_pocket_left=12_000)
    found = estimate(week(4), plan, None)
    assert amounts(found)["out_of_pocket_limit"] == -18_000
    assert (found.client_pays, found.plan_pays) == (12_000, 108_000)


def test_days_beyond_the_authorized_ones_are_the_clients() -> None:
    plan = PlanTerms(copay_a_day=1_000, authorized_days=2)
    found = estimate(week(3), plan, None)
    assert amounts(found)["not_covered"] == 30_000
    assert (found.client_pays, found.plan_pays) == (32_000, 58_000)


def test_the_sliding_scale_lowers_what_no_plan_covers_and_nothing_else() -> None:
    plan = PlanTerms(copay_a_day=1_000, authorized_days=2)
    assert estimate(week(3), plan, HALF).client_pays == 2_000 + 15_000
    assert estimate(week(3), None, HALF).client_pays == 45_000
    assert estimate(week(3), None, NOMINAL).client_pays == 3_000
    assert "sliding_scale" not in amounts(estimate(week(2), plan, HALF))


def test_a_copay_above_the_charge_is_the_charge() -> None:
    found = estimate(week(2, cents=1_000), PlanTerms(copay_a_day=2_500), None)
    assert (found.client_pays, found.plan_pays) == (2_000, 0)


@given(
    cents=st.lists(st.integers(0, 100_000), max_size=20),
    plan=st.none()
    | st.builds(
        PlanTerms,
        deductible_left=st.integers(0, 500_000),
        copay_a_day=st.integers(0, 50_000),
        coinsurance_percent=st.integers(0, 100),
        out_of_pocket_left=st.none() | st.integers(0, 300_000),
        authorized_days=st.none() | st.integers(0, 25),
    ),
    share=st.sampled_from([None, HALF, NOMINAL]),
)
def test_every_cent_is_paid_by_somebody(
    cents: list[int], plan: PlanTerms | None, share: Share | None
) -> None:
    found = estimate([(Charge("iop_day", 1, one),) for one in cents], plan, share)
    assert found.charged == sum(cents)
    assert found.charged == found.plan_pays + found.reduced + found.client_pays
    assert min(found.plan_pays, found.reduced, found.client_pays) >= 0
    told = amounts(found)
    owed = sum(
        told.get(kind, 0) for kind in ("deductible", "copay", "coinsurance", "out_of_pocket_limit")
    )
    beyond = told.get("not_covered", 0) if plan is not None else found.charged
    assert found.client_pays == owed + beyond + told.get("sliding_scale", 0)
    assert -told.get("plan_pays", 0) == found.plan_pays


def test_amounts_are_read_with_their_cents() -> None:
    assert [dollars(cents) for cents in (0, 5, 123_456)] == ["$0.00", "$0.05", "$1,234.56"]


def test_a_service_has_one_price_a_day() -> None:
    twice = [*PRICES.prices, PRICES.prices[0]]
    with pytest.raises(ValueError, match="two prices from one day"):
        PriceList.model_validate(PRICES.model_dump() | {"prices": twice})
