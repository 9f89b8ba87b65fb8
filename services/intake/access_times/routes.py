"""Access times over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.intake.access_times import queries, running
from services.intake.access_times.rules import Standing
from services.intake.access_times.schemas import AccessTimes, Clock, ReferralCounts, RunningClock
from shared.access import Role
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Day, Page, Paged, Router, of_one_client

router = Router(tags=["Referrals"])

SiteStaff = Annotated[Call, Allowed(*SITE_STAFF)]
Counting = Annotated[Call, Allowed(*SITE_STAFF, Role.REGIONAL_OPERATIONS)]
Overseeing = Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS, Role.SITE_MANAGER, Role.AUDITOR)]


@router.get("/referrals/{referral_id}/clock", summary="Show how long a person waits")
@of_one_client
async def show_clock(referral_id: UUID, call: SiteStaff) -> Clock:
    """Days to the first screening and the first service, against the targets of the site."""
    return await call.show(lambda tx: queries.show_clock(tx, referral_id))


@router.get("/referral-clocks", summary="List the clocks that run")
async def list_running_clocks(
    call: SiteStaff,
    paging: Paged,
    site_id: Annotated[UUID | None, Query(description="One site only.")] = None,
    due: Annotated[
        Standing | None, Query(description="Only those that have run out, do so soon, or later.")
    ] = None,
) -> Page[RunningClock]:
    """Who still waits for the first screening or the first service, in the order of referrals:
    those that have not ended, and enrolled clients who have not come to a session yet."""
    return await call.show(lambda tx: running.list_running(tx, paging, site_id, due))


@router.get("/referral-counts", summary="Count the referrals that wait")
async def summarize_referrals(
    call: Counting, site_id: Annotated[UUID | None, Query(description="One site only.")] = None
) -> ReferralCounts:
    """How many referrals wait at each site, by state, and for how many the time runs out."""
    return await call.show(lambda tx: running.count_running(tx, site_id))


@router.get("/access-times", summary="Summarize access times")
async def summarize_access_times(
    call: Overseeing,
    starts_from: Annotated[
        Day, Query(alias="from", description="The clock started on this day or later.")
    ],
    starts_until: Annotated[
        Day, Query(alias="until", description="The clock started before this day.")
    ],
    site_id: Annotated[UUID | None, Query(description="One site only.")] = None,
) -> AccessTimes:
    """How many were screened and had a first service in time, at each site and at all of the
    caller's. Median and 90th percentile are of those for whom it came about, so while many still
    wait they look better than they are: see `due` and `late`."""
    return await call.show(lambda tx: queries.access_times(tx, starts_from, starts_until, site_id))
