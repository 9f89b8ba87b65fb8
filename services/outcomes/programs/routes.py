"""Program measures over HTTP."""

from typing import Annotated

from fastapi import Depends, Query

from services.outcomes.programs import queries
from services.outcomes.programs.loading import Scope
from services.outcomes.programs.policy import Measures, measures
from services.outcomes.programs.rules.facts import Period
from services.outcomes.programs.schemas import By, CountedCase, MeasureFigures
from shared.access import Role
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE
from shared.web import Allowed, Call, Day, Page, Paged, Router

router = Router(tags=["Program measures"])

Reader = Annotated[Call, Allowed(*EVERY_STAFF_ROLE)]
OfClients = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER)]
From = Annotated[Day, Query(alias="from", description="The first day of a month.")]
Until = Annotated[Day, Query(description="The first day of the month after the last one.")]
Where = Annotated[Scope, Depends()]
Slices = Annotated[By, Query(description="By which groups.")]


@router.get("/program-measures", summary="List the definitions of measures")
async def list_program_measures(call: Reader) -> Measures:
    """Each measure with numerator, denominator, period, censoring, exclusions and source."""
    return measures()


@router.get("/program-measures/{measure}", summary="Summarize a program measure")
async def summarize_program_measure(
    call: Reader, measure: str, starts_from: From, until: Until, scope: Where, by: Slices = "none"
) -> MeasureFigures:
    """The figures of whole months at the caller's sites, by groups. Small numbers are hidden, with
    what they could be computed from. Figures of two periods that overlap are two releases: publish
    one of them."""
    return await call.show(
        lambda tx: queries.summarize(tx, measure, scope, Period(starts_from, until), by)
    )


@router.get("/program-measures/{measure}/cases", summary="List who counts in a measure")
async def list_program_measure_cases(
    call: OfClients,
    paging: Paged,
    measure: str,
    starts_from: From,
    until: Until,
    scope: Where,
    by: Slices = "none",
    group: Annotated[str | None, Query(max_length=100, description="One group only.")] = None,
    falls: Annotated[str | None, Query(max_length=60, description="One class only.")] = None,
) -> Page[CountedCase]:
    """The stays, referrals or follow-ups behind a figure, for who treats them."""
    return await call.show(
        lambda tx: queries.list_cases(
            tx, measure, scope, Period(starts_from, until), paging, by=by, group=group, falls=falls
        )
    )
