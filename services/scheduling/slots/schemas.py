"""What requests and answers about sessions of one client look like."""

from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.appointments.policy import OwnKind
from services.scheduling.sessions.schemas import Bound, LocalTime, Session
from services.scheduling.units.schemas import ExcessReason
from shared.contracts.base import Criterion
from shared.contracts.scheduling import Modality
from shared.web import Instant, Shown
from shared.web.texts import Legible


class AskedSlots(BaseModel):
    """For what free times are looked for."""

    client_id: UUID = Field(description="Who has a seat at a site now.")
    kind: OwnKind = Field(description="What is looked for.")
    minutes: int = Field(ge=5, le=480, description="Its length.", examples=[50])
    since: Bound = Field(alias="from", description="Starting then or later.")
    until: Bound = Field(alias="to", description="Over by then.")
    facilitator_id: UUID | None = Field(None, description="With this person alone.")
    site_id: UUID | None = Field(
        None, description="The site of the seat, where that is to be checked."
    )
    modality: Modality = Field("in_person", description="In a room, or in a telehealth room.")


class Named(Shown):
    """A person of the staff or a room, by id and name."""

    id: UUID
    name: str = Field(examples=["Blue room"])


class FreeSlot(Shown):
    """A time that is free for the client, a therapist and a room."""

    starts_at: Instant
    ends_at: Instant
    day: str = Field(description="Date at the site.", examples=["2026-03-03"])
    starts: str = Field(description="Start by the site's wall clock.", examples=["10:00"])
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


class NewOwnSession(LocalTime):
    """A session of one client, or of clients with relatives, to book at a time of the site's wall
    clock."""

    site_id: UUID = Field(description="Where the clients have their seats.")
    kind: OwnKind = Field(examples=["individual"])
    client_ids: list[UUID] = Field(min_length=1, max_length=12, description="Each one once.")
    minutes: int = Field(ge=5, le=480, strict=True, examples=[50])
    facilitator_id: UUID = Field(description="The person of the staff who holds it.")
    room_id: UUID = Field(description="A room, or a telehealth room: then it is held by that.")
    topic: Legible | None = Field(default=None, max_length=120, examples=[None])
    excess_reason: ExcessReason = None


class OwnSession(Session):
    """A session of clients of their own."""

    client_ids: list[UUID] = Field(description="Who is expected.")
