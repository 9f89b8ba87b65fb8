"""What answers about days and weeks look like."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.sessions.schemas import Session
from services.scheduling.slots.schemas import Named
from shared.web import Instant, Shown


class AskedWeek(BaseModel):
    """Whose week is shown: one of them is given."""

    site_id: UUID | None = Field(None, description="Of this site.")
    staff_id: UUID | None = Field(None, description="Of this person of the staff.")
    room_id: UUID | None = Field(None, description="Of this room.")


class SessionInGrid(Session):
    """A session with the names of its room and of who holds it."""

    room: Named | None
    therapists: list[Named] = Field(description="The facilitator first.")


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


class Span(Shown):
    """A time of a calendar, by the clock of a site."""

    time_zone: str = Field(examples=["America/Denver"])
    starts_at: Instant
    ends_at: Instant


class SiteDay(Span):
    """A day of a site's calendar."""

    site_id: UUID
    day: date
    closed: str | None = Field(description="Why the site is closed that day.", examples=[None])
    sessions: list[SessionOfDay] = Field(description="Those that start on the day, in order.")


class GridDay(Shown):
    """A day of a week."""

    day: date
    sessions: list[SessionInGrid] = Field(description="Those that start on the day, in order.")


class WeekGrid(Span):
    """The week of a site, a person of the staff or a room, by the clock of their site."""

    week: str = Field(description="ISO week.", examples=["2026-W10"])
    days: list[GridDay] = Field(description="Monday to Sunday.")
