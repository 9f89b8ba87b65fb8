"""What answers about days and weeks look like."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.sessions.schemas import Session
from shared.web import Instant, Shown


class SessionRoom(Shown):
    """Where a session is held."""

    id: UUID
    name: str = Field(examples=["Blue room"])
    kind: Literal["room", "telehealth"]


class SessionTherapist(Shown):
    """Who holds a session, or helps with it."""

    id: UUID
    name: str = Field(examples=["Dana"])
    role: Literal["facilitator", "cofacilitator"]


class SessionInGrid(Session):
    """A session with its room and its therapists."""

    room: SessionRoom | None
    therapists: list[SessionTherapist] = Field(description="The facilitator first.")


class ExpectedClient(Shown):
    """A client who is expected at a session, and whether they came."""

    client_id: UUID
    on_hold: bool = Field(description="The stay is on hold when the session begins.")
    checked_in: bool = Field(description="Came, as far as is known.")
    checked_in_at: Instant | None = Field(description="Since when, where that was noted.")
    status: str | None = Field(
        description="What was recorded; null until then.", examples=["present"]
    )


class SessionOfDay(SessionInGrid):
    """A session of a site's day, with who is expected and who is there."""

    checked_in: int = Field(description="Clients who came, as far as is known.", examples=[7])
    clients: list[ExpectedClient]


class SiteDay(Shown):
    """A day of a site's calendar."""

    site_id: UUID
    day: date
    time_zone: str = Field(examples=["America/Denver"])
    starts_at: Instant
    ends_at: Instant
    closed: str | None = Field(description="Why the site is closed that day.", examples=[None])
    sessions: list[SessionOfDay] = Field(description="Those that start on the day, in order.")


class GridDay(Shown):
    """A day of a week."""

    day: date
    sessions: list[SessionInGrid] = Field(description="Those that start on the day, in order.")


class WeekGrid(Shown):
    """The week of a site, a person of the staff or a room, by the clock of their site."""

    week: str = Field(description="ISO week.", examples=["2026-W10"])
    time_zone: str = Field(examples=["America/Denver"])
    starts_at: Instant
    ends_at: Instant
    days: list[GridDay] = Field(description="Monday to Sunday.")
