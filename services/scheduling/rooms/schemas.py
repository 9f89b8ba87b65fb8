"""What requests and answers about rooms look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.directory.schemas import Name
from shared.web import Instant, Shown, Strict, described, optional

KIND = described("A room at the site, or one by video.", "room")
PLACES = "People who have a place, staff included."
Link = Annotated[str, Field(pattern=r"^https://[!-~]+$", max_length=500)]
LINK = optional("Where a telehealth room is joined; null otherwise.")


class RoomDetails(Strict):
    """A room, as it is to be."""

    name: Name = described("Unique at the site.", "Blue room")
    capacity: int = described(PLACES, 14, ge=1, le=1_000, strict=True)
    join_url: Link | None = LINK


class NewRoom(RoomDetails):
    """A room to open at a site."""

    site_id: UUID = described("Where it is.")
    kind: Literal["room", "telehealth"] = KIND


class RoomEntry(Shown):
    """A room of a site."""

    id: UUID
    site_id: UUID
    name: str = Field(examples=["Blue room"])
    kind: Literal["room", "telehealth"] = KIND
    capacity: int = described(PLACES, 14)
    join_url: str | None = LINK
    created_at: Instant
    closed_at: Instant | None = described("Since when it takes no new session.")
    sessions_to_come: int = described("Sessions that it is taken for.", 0)
    version: int = described("The ETag.", 1)
