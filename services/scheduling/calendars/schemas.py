"""What requests and answers about addresses of calendars look like."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.web import Instant, Shown, Strict, exactly_one, optional

LANGUAGE = Field(
    pattern="^[a-z]{2}$", description="Language of the titles: ISO 639-1.", examples=["en"]
)


class NewCalendarLink(Strict):
    """Whose calendar is to be read: `staff_id`, `room_id` or `client_id`."""

    site_id: UUID = Field(description="A site of theirs; who may see it may revoke the address.")
    staff_id: UUID | None = None
    room_id: UUID | None = optional()
    client_id: UUID | None = optional()
    language: str = LANGUAGE

    is_of_one: ClassVar = exactly_one("staff_id", "room_id", "client_id")


class CalendarLink(Shown):
    """An address at which a calendar is read."""

    told_once: ClassVar[tuple[str, ...]] = ("address",)

    id: UUID
    site_id: UUID
    staff_id: UUID | None
    room_id: UUID | None
    client_id: UUID | None
    language: str = LANGUAGE
    address: str | None = Field(
        description="Told once, when it is issued: it is a secret, and only its hash is kept."
    )
    issued_at: Instant
    revoked_at: Instant | None
    version: int = Field(description="The ETag.", examples=[1])
