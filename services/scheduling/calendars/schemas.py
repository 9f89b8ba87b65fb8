"""What requests and answers about addresses of calendars look like."""

from typing import ClassVar
from uuid import UUID

from shared.web import Instant, Shown, Strict, described, exactly_one, optional

LANGUAGE = described("Language of the titles: ISO 639-1.", "en", pattern="^[a-z]{2}$")


class NewCalendarLink(Strict):
    """Whose calendar is to be read: `staff_id`, `room_id` or `client_id`."""

    site_id: UUID = described("A site of theirs; who may see it may revoke the address.")
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
    address: str | None = described(
        "Told once, when it is issued: it is a secret, and only its hash is kept."
    )
    issued_at: Instant
    revoked_at: Instant | None
    version: int = described("The ETag.", 1)
