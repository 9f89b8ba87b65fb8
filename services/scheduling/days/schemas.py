"""What answers about days and weeks look like."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.sessions.schemas import Session
from services.scheduling.slots.schemas import Named
from shared.web import Instant, Shown, described


class AskedWeek(BaseModel):
    """Whose week is shown: one of them is given."""

    site_id: UUID | None = described("Of this site.", default=None)
    staff_id: UUID | None = described("Of this person of the staff.", default=None)
    room_id: UUID | None = described("Of this room.", default=None)


class SessionInGrid(Session):
    """A session with the names of its room and of who holds it."""

    room: Named | None
    therapists: list[Named] = described("The facilitator first.")


class ExpectedClient(Shown):
    """A client who is expected at a session, and whether they came."""

    client_id: UUID
    on_hold: bool = described("The stay is on hold when the session begins.")
    checked_in: bool = described("Came, as far as is known.")
    checked_in_at: Instant | None = described("Since when, where that was noted.")
    checked_out_at: Instant | None = described("Until when, where that was noted.")
    status: str | None = described("What was recorded; null until then.", "present")


class SessionOfDay(SessionInGrid):
    """A session of a site's day, with who is expected and who is there."""

    checked_in: int = described("Clients who came, as far as is known.", 7)
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
    closed: str | None = described("Why the site is closed that day.", None)
    sessions: list[SessionOfDay] = described("Those that start on the day, in order.")


class GridDay(Shown):
    """A day of a week."""

    day: date
    sessions: list[SessionInGrid] = described("Those that start on the day, in order.")


class WeekGrid(Span):
    """The week of a site, a person of the staff or a room, by the clock of their site."""

    week: str = described("ISO week.", "2026-W10")
    days: list[GridDay] = described("Monday to Sunday.")
