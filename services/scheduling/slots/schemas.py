"""What requests and answers about sessions of one client look like."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from services.scheduling.directory.schemas import PRINTABLE
from services.scheduling.sessions.schemas import Bound, Session
from services.scheduling.slots.policy import OwnKind
from shared.contracts.base import Criterion
from shared.web import Instant, Shown, Strict

Modality = Literal["in_person", "telehealth"]


def _wall_clock(value: datetime) -> datetime:
    if value.tzinfo is not None or not 2000 <= value.year < 2200 or value.second:
        raise ValueError("Give date and time of the site's wall clock without an offset.")
    return value


LocalTime = Annotated[
    datetime,
    Field(json_schema_extra={"format": "local-date-time"}, examples=["2026-03-03T10:00"]),
    AfterValidator(_wall_clock),
]


class Named(Shown):
    """A person of the staff or a room, by id and name."""

    id: UUID
    name: str = Field(examples=["Room 2"])


class FreeSlot(Shown):
    """A time that is free for the client, a therapist and a room."""

    starts_at: Instant
    ends_at: Instant
    local_start: str = Field(description="By the site's wall clock.", examples=["2026-03-03T10:00"])
    facilitator: Named
    room: Named
    score: int = Field(description="Points of the policy; the highest is proposed first.")
    criteria: list[Criterion] = Field(description="What the points are for.")


class FreeSlots(Shown):
    """The best free times first."""

    client_id: UUID
    site_id: UUID
    time_zone: str = Field(examples=["America/Denver"])
    minutes: int
    items: list[FreeSlot]


class NewSession(Strict):
    """A session of one client, or of clients and relatives, to book: it begins at `starts_at`, or
    when the site's wall clock shows `local_start`."""

    site_id: UUID = Field(description="Where the clients have their seats.")
    kind: OwnKind = Field(examples=["individual"])
    client_ids: list[UUID] = Field(min_length=1, max_length=12, description="Each one once.")
    starts_at: Bound | None = Field(default=None, examples=[None])
    local_start: LocalTime | None = None
    minutes: int = Field(ge=5, le=480, strict=True, examples=[50])
    facilitator_id: UUID = Field(description="The person of the staff who holds it.")
    room_id: UUID = Field(description="A room, or a telehealth room: then it is held by that.")
    topic: str | None = Field(
        default=None, min_length=1, max_length=120, pattern=PRINTABLE, examples=[None]
    )

    @model_validator(mode="after")
    def begins_in_one_way(self) -> "NewSession":
        if (self.starts_at is None) == (self.local_start is None):
            raise ValueError("Give either starts_at or local_start.")
        return self


class BookedSession(Session):
    """A session that was booked, with whom and where."""

    modality: Modality
    facilitator_id: UUID
    room_id: UUID
    client_ids: list[UUID]
