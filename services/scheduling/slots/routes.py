"""Sessions of one client over HTTP: free times, and booking one."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.bookings.policy import OwnKind
from services.scheduling.sessions.schemas import Bound
from services.scheduling.slots import commands, queries
from services.scheduling.slots.schemas import FreeSlots, NewOwnSession, OwnSession
from shared.access import Role
from shared.access.roles import SITE_STAFF
from shared.contracts.scheduling import Modality
from shared.web import Allowed, Call, Router, of_one_client

router = Router(tags=["Sessions of one client"])

Planner = Annotated[Call, Allowed(*SITE_STAFF, Role.REGIONAL_OPERATIONS)]


@router.get("/slots", summary="Find free times for a session of a client")
@of_one_client
async def list_slots(
    call: Planner,
    client_id: Annotated[UUID, Query(description="Who has a seat at a site now.")],
    kind: Annotated[OwnKind, Query(description="What is looked for.")],
    minutes: Annotated[int, Query(ge=5, le=480, description="Its length.", examples=[50])],
    since: Annotated[Bound, Query(alias="from", description="Starting then or later.")],
    until: Annotated[Bound, Query(alias="to", description="Over by then.")],
    facilitator_id: Annotated[UUID | None, Query(description="With this person alone.")] = None,
    site_id: Annotated[
        UUID | None, Query(description="The site of the seat, where that is to be checked.")
    ] = None,
    modality: Annotated[
        Modality, Query(description="In a room, or in a telehealth room.")
    ] = "in_person",
) -> FreeSlots:
    """Times at which the client, a qualified therapist and a room are free while the site is open:
    best first, each with what its points are for. Nothing is taken by it."""
    return await call.show(
        lambda tx: queries.find_slots(
            tx,
            client_id,
            kind,
            minutes,
            (since, until),
            site_id=site_id,
            facilitator_id=facilitator_id,
            modality=modality,
        )
    )


@router.post("/sessions", status_code=201, summary="Book a session of a client or a family")
async def book_session(body: NewOwnSession, call: Planner) -> OwnSession:
    """Book a session that belongs to no cohort: the clients, the therapist and the room are taken
    for it, and each client is told. What goes beyond the units that a payer authorized needs a
    reason. It is cancelled as any other session."""
    return await call.create(
        lambda tx: commands.book_session(tx, body, by=call.subject),
        location=lambda made: f"/sessions/{made.id}",
    )
