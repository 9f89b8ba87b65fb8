"""The share of a household by its income, exact to the cent."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.sliding_scale.policy import (
    Guideline,
    Region,
    Scale,
    guidelines,
    in_order,
    scale,
)
from services.intake.sliding_scale.rules import (
    Share,
    guideline_cents,
    guideline_on,
    percent_of,
    region_of,
    share_of_household,
    to_pay,
    valid_until,
)
from shared.datafiles import DataFileInvalid

BY_ID = {one.id: one for one in guidelines()}
THIS_YEAR = BY_ID["hhs-2026"]


def share(income_cents: int, size: int = 1, region: Region = "contiguous") -> Share:
    return share_of_household(scale(), THIS_YEAR, region, size, income_cents)


@pytest.mark.parametrize(
    ("guideline", "region", "size", "dollars"),
    [
        ("hhs-2024", "contiguous", 1, 15_060),
        ("hhs-2024", "contiguous", 4, 31_200),
        ("hhs-2024", "alaska", 1, 18_810),
        ("hhs-2024", "hawaii", 4, 35_880),
        ("hhs-2025", "contiguous", 1, 15_650),
        ("hhs-2025", "contiguous", 4, 32_150),
        ("hhs-2025", "contiguous", 8, 54_150),
        ("hhs-2025", "alaska", 4, 40_190),
        ("hhs-2025", "hawaii", 1, 17_990),
        ("hhs-2026", "contiguous", 1, 15_960),
        ("hhs-2026", "contiguous", 4, 33_000),
        ("hhs-2026", "contiguous", 9, 61_400),
        ("hhs-2026", "alaska", 1, 19_950),
        ("hhs-2026", "hawaii", 2, 24_890),
    ],
)
def test_guidelines_are_those_of_the_federal_register(
    guideline: str, region: Region, size: int, dollars: int
) -> None:
    assert guideline_cents(BY_ID[guideline], region, size) == dollars * 100


@pytest.mark.parametrize(
    ("on", "guideline"),
    [
        (date(2024, 1, 10), None),
        (date(2024, 1, 11), "hhs-2024"),
        (date(2025, 1, 1), "hhs-2024"),
        (date(2025, 1, 14), "hhs-2024"),
        (date(2025, 1, 15), "hhs-2025"),
        (date(2025, 12, 31), "hhs-2025"),
        (date(2026, 1, 12), "hhs-2025"),
        (date(2026, 1, 13), "hhs-2026"),
        (date(2027, 6, 1), "hhs-2026"),
    ],
)
def test_a_guideline_holds_from_its_own_day_and_not_from_new_year(
    on: date, guideline: str | None
) -> None:
    found = guideline_on(guidelines(), on)
    assert (None if found is None else found.id) == guideline


@pytest.mark.parametrize(
    ("income_cents", "band", "percent"),
    [
        (0, "nominal", 0),
        (1, "nominal", 1),
        (1_596_000, "nominal", 100),
        (1_596_001, "quarter", 101),
        (2_122_680, "quarter", 133),
        (2_122_681, "half", 134),
        (2_649_360, "half", 166),
        (2_649_361, "three-quarters", 167),
        (3_192_000, "three-quarters", 200),
        (3_192_001, "full", 201),
    ],
)
def test_a_band_holds_up_to_its_percent_and_not_a_cent_further(
    income_cents: int, band: str, percent: int
) -> None:
    found = share(income_cents)
    assert (found.band, found.percent_of_guideline) == (band, percent)


def test_the_same_income_is_another_band_for_nine_people_and_in_alaska() -> None:
    assert share(6_140_000, size=9).band == "nominal"
    assert share(6_140_001, size=9).band == "quarter"
    assert share(1_995_000).band == "quarter"
    assert share(1_995_000, region="alaska").band == "nominal"


@given(
    size=st.integers(1, 30),
    income=st.integers(0, 50_000_000),
    more=st.integers(0, 1_000_000),
    charge=st.integers(0, 10_000_000),
)
def test_who_earns_more_never_pays_a_smaller_share(
    size: int, income: int, more: int, charge: int
) -> None:
    lower, higher = share(income, size), share(income + more, size)
    assert lower.share_percent <= higher.share_percent
    assert 0 <= to_pay(lower, charge) <= charge


@given(
    guideline=st.sampled_from(guidelines()),
    size=st.integers(1, 30),
    band=st.sampled_from(scale().bands),
)
def test_the_cent_at_which_a_band_ends_is_reckoned_without_fractions(
    guideline: Guideline, size: int, band: object
) -> None:
    whole = guideline_cents(guideline, "contiguous", size)
    percent = band.up_to_percent  # type: ignore[attr-defined]
    last = percent * whole // 100
    within = share_of_household(scale(), guideline, "contiguous", size, last)
    above = share_of_household(scale(), guideline, "contiguous", size, last + 1)
    assert within.band == band.id != above.band  # type: ignore[attr-defined]
    assert within.percent_of_guideline <= percent < above.percent_of_guideline


def test_half_a_cent_is_rounded_up() -> None:
    assert [percent_of(cents, 25) for cents in (1, 2, 3, 5)] == [0, 1, 1, 1]
    assert percent_of(32_500, 75) == 24_375


def test_a_nominal_fee_is_paid_a_day_and_never_above_the_charge() -> None:
    found = share(0)
    assert to_pay(found, 32_500, 1) == 1_000
    assert to_pay(found, 97_500, 3) == 3_000
    assert to_pay(found, 400, 1) == 400
    assert to_pay(share(3_192_001), 32_500) == 32_500


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("America/Denver", "contiguous"),
        ("America/Anchorage", "alaska"),
        ("America/Atka", "alaska"),
        ("Pacific/Honolulu", "hawaii"),
    ],
)
def test_the_region_goes_by_the_zone_of_the_site(zone: str, region: Region) -> None:
    assert region_of(scale(), zone) == region


@pytest.mark.parametrize(
    ("signed_on", "months", "last"),
    [
        (date(2026, 2, 23), 12, date(2027, 2, 22)),
        (date(2026, 1, 1), 12, date(2026, 12, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 14)),
    ],
)
def test_an_agreement_ends_the_day_before_its_anniversary(
    signed_on: date, months: int, last: date
) -> None:
    assert valid_until(signed_on, months) == last


def test_a_scale_that_asks_the_poorer_for_more_is_refused() -> None:
    known = scale().model_dump()
    known["bands"] = list(reversed(known["bands"]))
    with pytest.raises(ValueError, match="does not go further up"):
        Scale.model_validate(known)
    known["bands"] = [
        {"id": "a", "up_to_percent": 100, "share_percent": 50},
        {"id": "b", "up_to_percent": 200, "share_percent": 25},
    ]
    with pytest.raises(ValueError, match="b asks for less than a"):
        Scale.model_validate(known)
    known["bands"] = [
        {"id": "a", "up_to_percent": 100, "share_percent": 5, "nominal_fee_cents_per_day": 1}
    ]
    with pytest.raises(ValueError, match="instead of a share"):
        Scale.model_validate(known)


def test_data_that_leave_open_what_holds_keep_the_service_from_starting() -> None:
    with pytest.raises(DataFileInvalid, match="another file holds from this day"):
        in_order({"a": THIS_YEAR, "b": THIS_YEAR})
    lacking = THIS_YEAR.model_copy(update={"regions": {}})
    with pytest.raises(DataFileInvalid, match="give contiguous, alaska and hawaii"):
        in_order({"a": lacking})
