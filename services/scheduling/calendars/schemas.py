"""What requests and answers about addresses of calendars look like."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field, model_validator

from shared.web import Instant, Shown, Strict, optional

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

    @model_validator(mode="after")
    def is_of_one(self) -> "NewCalendarLink":
        if [self.staff_id, self.room_id, self.client_id].count(None) != 2:
            raise ValueError("Give one of staff_id, room_id and client_id.")
        return self


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
