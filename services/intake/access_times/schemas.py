"""What answers about access times look like."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.intake.access_times.rules import Measure, Standing, Status
from shared.contracts.intake import ReferralState
from shared.web import Instant, Shown


class Timing(Shown):
    """One thing that is waited for."""

    target_days: int = Field(examples=[14])
    last_day: date = Field(description="The last day in time.", examples=["2026-03-23"])
    happened_on: date | None = Field(examples=["2026-03-20"])
    days: int | None = Field(description="Days waited; null where it has not come about.")
    status: Status


class Clock(Shown):
    """How long a referred person waits. All dates are dates at the site."""

    referral_id: UUID
    client_id: UUID
    site_id: UUID
    received_on: date
    starts_on: date = Field(description="The day of the referral, or of a later discharge.")
    starts_by: Literal["referral", "discharge"]
    first_day_counts: bool = Field(description="The day of the start is the first of the days.")
    targets_version: int
    first_screening: Timing
    first_service: Timing


class Access(Shown):
    """How long people waited for one thing."""

    measure: Measure
    referrals: int = Field(description="Whose clock started in the time asked for.")
    within: int
    late: int
    due: int = Field(description="Not come about, and not late yet.")
    stopped: int = Field(description="Ended without an enrolment before it came about.")
    median_days: int | None = Field(description="Of those for whom it came about.")
    percentile_90_days: int | None = Field(description="Of those for whom it came about.")


class SiteAccess(Shown):
    """Access at one site."""

    site_id: UUID
    target_days: dict[Measure, int]
    targets_version: int
    access: list[Access]


class AccessTimes(Shown):
    """Access at the caller's sites; no client is named."""

    starts_from: date
    starts_until: date = Field(description="The day after the last one.")
    first_day_counts: bool
    targets_version: int
    all_sites: list[Access] = Field(description="Each client held against their site's targets.")
    sites: list[SiteAccess]


class RunningClock(Clock):
    """The clock of a referral on which something is waited for yet."""

    state: ReferralState
    runs_out_on: date = Field(
        description="The last day in time of what is waited for, the earlier of two."
    )
    standing: Standing = Field(description="By the calendar of the site today.")


class SiteReferrals(Shown):
    """The referrals at a site that ask for something, as counts."""

    site_id: UUID
    received: int
    contacted: int
    screening: int
    assessed: int
    awaiting_first_service: int = Field(description="Enrolled, and not come to a session yet.")
    overdue: int = Field(description="Of all of these, those whose time has run out.")
    soon: int = Field(description="Of all of these, those whose time runs out soon.")


class ReferralCounts(Shown):
    """What waits at each of the caller's sites; no client is named."""

    as_of: Instant
    soon_days: int = Field(description="Within how many days `soon` is.", examples=[2])
    targets_version: int
    sites: list[SiteReferrals]
