"""What is due and overdue, completion, and the policy over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.outcomes.episodes.schemas import AskedFor
from services.outcomes.measures import queries
from services.outcomes.measures.policy import MeasurePolicy, measure_policy
from services.outcomes.measures.schemas import OpenMeasure, OpenState, SiteCompletion
from shared.access.roles import EVERY_STAFF_ROLE, SITE_STAFF
from shared.literal import Day
from shared.web import Allowed, Call, CountedPage, Paged, Router

router = Router(tags=["Measures"])


@router.get("/measures", summary="List measures that are due or overdue")
async def list_open_measures(
    call: Annotated[Call, Allowed(*SITE_STAFF)],
    paging: Paged,
    of: AskedFor,
    state: Annotated[OpenState | None, Query(description="In one state only.")] = None,
) -> CountedPage[OpenMeasure]:
    """Instruments that clients are to answer now, and their number; without scores."""
    return await call.show(lambda tx: queries.list_open_measures(tx, paging, of, state))


@router.get("/measure-completion", summary="Show how many measures were answered")
async def show_measure_completion(
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)],
    site_id: Annotated[UUID, Query(description="At which site.")],
    since: Annotated[Day, Query(description="Due on this day or later.")],
    until: Annotated[Day, Query(description="Due on this day or before.")],
) -> SiteCompletion:
    """By instrument, of what became due at a site in a period: answered, missed, excused, open."""
    return await call.show(lambda tx: queries.show_completion(tx, site_id, since, until))


@router.get("/measure-policy", summary="Show the measures in force")
async def show_measure_policy(
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)],
    site_id: Annotated[UUID | None, Query(description="At one site.")] = None,
) -> MeasurePolicy:
    """Schedules by phase, bands, cuts, reliable change and what is expected, with sources."""
    return measure_policy(site_id)
