"""What answers about the board look like."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.web import Instant, Shown

Reason = Literal["no_wait", "no_cohort_told"]


class Figure(Shown):
    """One figure."""

    value: float | None = Field(description="Null where it cannot be told.", examples=[41])
    definition: str = Field(description="The id of its definition.", examples=["board.census.v1"])
    reason: Reason | None = Field(
        default=None, description="Why there is no value.", examples=[None]
    )


class Definition(Shown):
    """What a figure counts."""

    id: str = Field(examples=["board.census.v1"])
    figure: str = Field(examples=["census"])
    title: str = Field(examples=["In the program"])
    unit: str = Field(examples=["clients"])
    counts: str
    listed: bool = Field(description="Whether `GET /board/{figure}` shows the list behind it.")


Figures = dict[str, Figure]


class SiteBoard(Shown):
    """How a site stands."""

    site_id: UUID
    region_id: UUID | None
    time_zone: str = Field(examples=["America/Denver"])
    today: date = Field(description="The day at the site.", examples=["2026-03-09"])
    change: int = Field(description="The latest change to this board.", examples=[7041])
    figures: Figures = Field(description="By name.")


class Board(Shown):
    """How the caller's sites stand, and all of them together."""

    at: Instant = Field(description="As of when.")
    change: int = Field(description="The latest change that is in it; the id of its event.")
    sites: list[SiteBoard]
    total: Figures = Field(description="Over all sites shown; persons count once.")
    definitions: list[Definition]


class BoardEvent(Shown):
    """What an event of `GET /board/events` carries: the state of sites, and not a difference."""

    at: Instant
    change: int
    whole: bool = Field(description="Whether `sites` are all of them, or those that changed.")
    sites: list[SiteBoard]
    missed_site_ids: list[UUID] = Field(
        description="Of the first event: those that changed after `Last-Event-ID`."
    )
    total: Figures


class BoardItem(Shown):
    """One of those whom a figure counts. Which fields say something depends on the figure."""

    client_id: UUID | None = Field(description="Null in a list of sessions.")
    site_id: UUID
    enrolment_id: UUID | None
    subject_id: UUID = Field(description="The stay, referral, flag, offer, session or the like.")
    state: str = Field(examples=["waiting"])
    week: str | None = Field(description="ISO week, of hours.", examples=[None])
    since: Instant | None
    until: Instant | None
    due_on: date | None = Field(description="The last day, of referrals and measures.")
