"""Sessions of one client over HTTP: free times, and booking one."""

from typing import Annotated

from fastapi import Query

from services.scheduling.slots import commands, queries
from services.scheduling.slots.schemas import AskedSlots, FreeSlots, NewOwnSession, OwnSession
from shared.access import Role
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Router, of_one_client

router = Router(tags=["Sessions of one client"])

Planner = Annotated[Call, Allowed(*SITE_STAFF, Role.REGIONAL_OPERATIONS)]


@router.get("/slots", summary="Find free times for a session of a client")
@of_one_client
async def list_slots(call: Planner, asked: Annotated[AskedSlots, Query()]) -> FreeSlots:
    """Times at which the client, a qualified therapist and a room are free while the site is open:
    best first, each with what its points are for. Nothing is taken by it."""
    return await call.show(lambda tx: queries.find_slots(tx, asked))


@router.create("/sessions", summary="Book a session of a client or a family")
async def book_session(body: NewOwnSession, call: Planner) -> OwnSession:
    """Book a session that belongs to no cohort: the clients, the therapist and the room are taken
    for it, and each client is told. What goes beyond the units that a payer authorized needs a
    reason. It is cancelled as any other session."""
    return await call.create(commands.book_session, body, call.subject, location="/sessions/{id}")
