"""Access times over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.access_times import queries, running
from services.intake.access_times.rules import Standing
from services.intake.access_times.schemas import AccessTimes, Clock, ReferralCounts, RunningClock
from shared.access import Allowed, Caller, Role
from shared.web import Page, Paging, show

router = APIRouter(tags=["Referrals"])

SiteStaff = Annotated[
    Caller,
    Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER),
]
Counting = Annotated[
    Caller,
    Allowed(
        Role.FRONT_DESK,
        Role.COUNSELOR,
        Role.CLINICAL_LEAD,
        Role.SITE_MANAGER,
        Role.REGIONAL_OPERATIONS,
    ),
]
Overseeing = Annotated[Caller, Allowed(Role.REGIONAL_OPERATIONS, Role.SITE_MANAGER, Role.AUDITOR)]


@router.get(
    "/referrals/{referral_id}/clock",
    response_model=Clock,
    operation_id="show_clock",
    summary="Show how long a person waits",
)
async def show_clock(referral_id: UUID, request: Request, caller: SiteStaff) -> Response:
    """Days to the first screening and the first service, against the targets of the site."""
    return await show(request, caller, lambda tx: queries.show_clock(tx, referral_id))


@router.get(
    "/referral-clocks",
    response_model=Page[RunningClock],
    operation_id="list_running_clocks",
    summary="List the clocks that run",
)
async def list_running_clocks(
    request: Request,
    caller: SiteStaff,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="One site only.")] = None,
    due: Annotated[
        Standing | None, Query(description="Only those that have run out, do so soon, or later.")
    ] = None,
) -> Response:
    """Who still waits for the first screening or the first service, in the order of referrals:
    those that have not ended, and enrolled clients who have not come to a session yet."""
    return await show(request, caller, lambda tx: running.list_running(tx, paging, site_id, due))


@router.get(
    "/referral-counts",
    response_model=ReferralCounts,
    operation_id="summarize_referrals",
    summary="Count the referrals that wait",
)
async def summarize_referrals(
    request: Request,
    caller: Counting,
    site_id: Annotated[UUID | None, Query(description="One site only.")] = None,
) -> Response:
    """How many referrals wait at each site, by state, and for how many the time runs out."""
    return await show(request, caller, lambda tx: running.count_running(tx, site_id))


@router.get(
    "/access-times",
    response_model=AccessTimes,
    operation_id="summarize_access_times",
    summary="Summarize access times",
)
async def summarize_access_times(
    request: Request,
    caller: Overseeing,
    starts_from: Annotated[
        date, Query(alias="from", description="The clock started on this day or later.")
    ],
    starts_until: Annotated[
        date, Query(alias="until", description="The clock started before this day.")
    ],
    site_id: Annotated[UUID | None, Query(description="One site only.")] = None,
) -> Response:
    """How many were screened and had a first service in time, at each site and at all of the
    caller's. Median and 90th percentile are of those for whom it came about, so while many still
    wait they look better than they are: see `due` and `late`."""
    return await show(
        request,
        caller,
        lambda tx: queries.access_times(tx, starts_from, starts_until, site_id),
    )
