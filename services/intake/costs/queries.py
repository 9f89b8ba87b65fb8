"""Estimates: reckoned from data and what is asked; nothing is stored."""

from dataclasses import asdict
from datetime import date

from services.intake.costs.policy import Program, price_list, programs, reference
from services.intake.costs.rules import NoPrice, PlanTerms, days_of, estimate
from services.intake.costs.schemas import (
    CostEstimate,
    EstimateLine,
    Household,
    InsurancePlan,
    NewEstimate,
    ResidentialReference,
)
from services.intake.directory.queries import ZONE
from services.intake.sliding_scale.policy import Region, guidelines, scale
from services.intake.sliding_scale.rules import Share, guideline_on, region_of, share_of_household
from shared.calendar import day_at
from shared.database import Transaction
from shared.errors import Invalid, NotFound

NOTE = "A reference for costs only. Which level of care is right is a clinical decision."


class UnknownProgram(Invalid):
    """The program is not on the list."""


class NoPriceKnown(Invalid, title="No price is known"):
    """The site has no price for a service of the program on some day."""


class NoGuidelineKnown(Invalid, title="No poverty guideline for that day"):
    """No poverty guideline is known that early."""


async def estimate_costs(tx: Transaction, asked: NewEstimate) -> CostEstimate:
    """What a program costs a client of a site, in cents, line by line.

    Raises:
        NotFound: no such site among the caller's.
        UnknownProgram, NoPriceKnown, NoGuidelineKnown: the data do not allow an answer.
    """
    time_zone = await tx.fetchval(ZONE, asked.site_id)
    if time_zone is None:
        raise NotFound("There is no such site among yours.", pointer="/site_id")
    program = _program(asked.program)
    prices = price_list(asked.site_id)
    starts_on = asked.starts_on or day_at(tx.now, time_zone)
    try:
        days = days_of(program, asked.weeks, starts_on, prices.price)
    except NoPrice as missing:
        raise NoPriceKnown(
            f"The price list has no price of {missing.service} on {missing.on}.",
            pointer="/starts_on",
        ) from None
    share = None
    if asked.household is not None:
        region = region_of(scale(), time_zone)
        share = _share(asked.household, region, starts_on)
    found = estimate(days, None if asked.plan is None else _terms(asked.plan), share)
    return CostEstimate(
        site_id=asked.site_id,
        program=program.id,
        program_version=program.version,
        price_list=prices.id,
        price_list_version=prices.version,
        starts_on=starts_on,
        days=len(days),
        lines=[EstimateLine(**asdict(line)) for line in found.lines],
        charged_cents=found.charged,
        plan_pays_cents=found.plan_pays,
        sliding_scale_cents=found.reduced,
        client_pays_cents=found.client_pays,
        residential_reference=_reference(),
    )


def _program(name: str) -> Program:
    found = programs().get(name)
    if found is None:
        raise UnknownProgram(f"The programs are {', '.join(programs())}.", pointer="/program")
    return found


def _share(household: Household, region: Region, starts_on: date) -> Share:
    guideline = guideline_on(guidelines(), starts_on)
    if guideline is None:
        raise NoGuidelineKnown("No guideline is known that held then.", pointer="/starts_on")
    return share_of_household(
        scale(), guideline, region, household.household_size, household.yearly_income_cents
    )


def _terms(plan: InsurancePlan) -> PlanTerms:
    return PlanTerms(
        deductible_left=plan.deductible_left_cents,
        copay_a_day=plan.copay_per_day_cents,
        coinsurance_percent=plan.coinsurance_percent,
        out_of_pocket_left=plan.out_of_pocket_left_cents,
        authorized_days=plan.authorized_days,
    )


def _reference() -> ResidentialReference:
    known = reference()
    total = known.days * known.daily_rate_cents
    return ResidentialReference(**dict(known), total_cents=total, note=NOTE)
