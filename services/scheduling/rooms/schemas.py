"""What requests and answers about rooms look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.directory.schemas import Name
from shared.web import Instant, Shown, Strict, optional

KIND = Field(description="A room at the site, or one by video.", examples=["room"])
PLACES = "People who have a place, staff included."
Link = Annotated[str, Field(pattern=r"^https://[!-~]+$", max_length=500)]
LINK = optional("Where a telehealth room is joined; null otherwise.")


class RoomDetails(Strict):
    """A room, as it is to be."""

    name: Name = Field(description="Unique at the site.", examples=["Blue room"])
    capacity: int = Field(ge=1, le=1_000, strict=True, description=PLACES, examples=[14])
    join_url: Link | None = LINK


class NewRoom(RoomDetails):
    """A room to open at a site."""

    site_id: UUID = Field(description="Where it is.")
    kind: Literal["room", "telehealth"] = KIND


class RoomEntry(Shown):
    """A room of a site."""

    id: UUID
    site_id: UUID
    name: str = Field(examples=["Blue room"])
    kind: Literal["room", "telehealth"] = KIND
    capacity: int = Field(description=PLACES, examples=[14])
    join_url: str | None = LINK
    created_at: Instant
    closed_at: Instant | None = Field(description="Since when it takes no new session.")
    sessions_to_come: int = Field(description="Sessions that it is taken for.", examples=[0])
    version: int = Field(description="The ETag.", examples=[1])
