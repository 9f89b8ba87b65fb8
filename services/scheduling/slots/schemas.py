"""What requests and answers about sessions of one client look like."""

from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.appointments.policy import OwnKind
from services.scheduling.sessions.schemas import Bound, LocalTime, Session
from services.scheduling.units.schemas import ExcessReason
from shared.contracts.base import Criterion
from shared.contracts.scheduling import Modality
from shared.web import Instant, Shown, described
from shared.web.texts import Legible


class AskedSlots(BaseModel):
    """For what free times are looked for."""

    client_id: UUID = described("Who has a seat at a site now.")
    kind: OwnKind = described("What is looked for.")
    minutes: int = described("Its length.", 50, ge=5, le=480)
    since: Bound = described("Starting then or later.", alias="from")
    until: Bound = described("Over by then.", alias="to")
    facilitator_id: UUID | None = described("With this person alone.", default=None)
    site_id: UUID | None = described(
        "The site of the seat, where that is to be checked.", default=None
    )
    modality: Modality = described("In a room, or in a telehealth room.", default="in_person")


class Named(Shown):
    """A person of the staff or a room, by id and name."""

    id: UUID
    name: str = Field(examples=["Blue room"])


class FreeSlot(Shown):
    """A time that is free for the client, a therapist and a room."""

    starts_at: Instant
    ends_at: Instant
    day: str = described("Date at the site.", "2026-03-03")
    starts: str = described("Start by the site's wall clock.", "10:00")
    facilitator: Named
    room: Named
    score: int = described("Points of the policy; the highest is proposed first.")
    criteria: list[Criterion] = described("What the points are for.")


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

    site_id: UUID = described("Where the clients have their seats.")
    kind: OwnKind = Field(examples=["individual"])
    client_ids: list[UUID] = described("Each one once.", min_length=1, max_length=12)
    minutes: int = Field(ge=5, le=480, strict=True, examples=[50])
    facilitator_id: UUID = described("The person of the staff who holds it.")
    room_id: UUID = described("A room, or a telehealth room: then it is held by that.")
    topic: Legible | None = Field(default=None, max_length=120, examples=[None])
    excess_reason: ExcessReason = None


class OwnSession(Session):
    """A session of clients of their own."""

    client_ids: list[UUID] = described("Who is expected.")
