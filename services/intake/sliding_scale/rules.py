"""The share of a charge by household and income, exact: whole cents, no fractions of a number."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.intake.sliding_scale.policy import Guideline, Region, Scale

WHOLE = "full"


@dataclass(frozen=True, slots=True)
class Share:
    """What a household pays, and by what it was found. Money in cents."""

    guideline: str
    guideline_cents: int
    percent_of_guideline: int
    """Whole percent, rounded up, so that it is never shown as within a band that it is above."""
    scale: str
    scale_version: str
    band: str
    share_percent: int
    nominal_fee_cents: int | None
    """A day; in place of a share."""


def guideline_on(known: Sequence[Guideline], on: date) -> Guideline | None:
    """The guideline in force on a day: the latest that holds by then; None before the first.

    A new year's guideline holds from its own day in January, not from New Year.
    """
    return max(
        (one for one in known if one.effective_on <= on),
        key=lambda one: one.effective_on,
        default=None,
    )


def guideline_cents(guideline: Guideline, region: Region, household_size: int) -> int:
    """The guideline for a household, in cents a year, by the increment for any size."""
    amounts = guideline.regions[region]
    return amounts.first_person + amounts.each_further * (household_size - 1)


def region_of(scale: Scale, time_zone: str) -> Region:
    """Alaska and Hawaii have their own guidelines; a site's zone tells them."""
    return scale.zones.get(time_zone, "contiguous")


def share_of_household(
    scale: Scale, guideline: Guideline, region: Region, household_size: int, income_cents: int
) -> Share:
    """The share of a household by its yearly income in cents.

    A band holds up to and with its percent of the guideline; one cent more is in the next band.
    """
    whole = guideline_cents(guideline, region, household_size)
    band = next(
        (one for one in scale.bands if income_cents * 100 <= one.up_to_percent * whole), None
    )
    return Share(
        guideline=guideline.id,
        guideline_cents=whole,
        percent_of_guideline=-(-income_cents * 100 // whole),
        scale=scale.id,
        scale_version=scale.version,
        band=WHOLE if band is None else band.id,
        share_percent=100 if band is None else band.share_percent,
        nominal_fee_cents=None if band is None else band.nominal_fee_cents_per_day,
    )


def percent_of(cents: int, percent: int) -> int:
    """A share of an amount in cents, half a cent rounded up."""
    return (cents * percent + 50) // 100


def to_pay(share: Share, charge_cents: int, days: int = 1) -> int:
    """What is paid of the charge of `days`, in cents; a nominal fee is never above the charge."""
    if share.nominal_fee_cents is not None:
        return min(charge_cents, share.nominal_fee_cents * days)
    return percent_of(charge_cents, share.share_percent)


def valid_until(signed_on: date, months: int) -> date:
    """The last day of an agreement: the day before the same day `months` later.

    Where that month has no such day, its last day is the last one.
    """
    year, month = divmod(signed_on.month - 1 + months, 12)
    year, month = signed_on.year + year, month + 1
    last = monthrange(year, month)[1]
    if signed_on.day > last:
        return date(year, month, last)
    return date.fromordinal(date(year, month, signed_on.day).toordinal() - 1)
