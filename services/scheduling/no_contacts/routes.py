"""Clients who must not meet, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.no_contacts import commands, queries
from services.scheduling.no_contacts.schemas import NewNoContact, NoContact
from shared.access import Role
from shared.access.roles import CLINICIANS
from shared.web import Allowed, Call, Clinician, Page, Paged, Router, needs_if_match

router = Router(prefix="/no-contacts", tags=["Placement"])

Reader = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER)]


@router.create("", summary="Keep two clients apart")
async def enter_no_contact(body: NewNoContact, call: Clinician) -> NoContact:
    """From now on neither is placed in a cohort of the other, at any site. Why is not kept."""
    enter = commands.enter_no_contact
    return await call.create(enter, body, call.subject, location="/no-contacts/{id}")


@router.get("", summary="List whom a client must not meet")
async def list_no_contacts(
    call: Reader, paging: Paged, client_id: Annotated[UUID, Query(description="One of the two.")]
) -> Page[NoContact]:
    """What was entered of a client, in whatever record."""
    return await call.show(lambda tx: queries.list_no_contacts(tx, paging, client_id))


@router.get("/{no_contact_id}", summary="Show two clients who are kept apart")
async def show_no_contact(no_contact_id: UUID, call: Reader) -> NoContact:
    """One entry, and the cohorts in which both have a seat all the same."""
    return await call.show(lambda tx: queries.show_no_contact(tx, no_contact_id))


@router.delete("/{no_contact_id}", summary="Keep two clients apart no longer")
@needs_if_match
async def lift_no_contact(no_contact_id: UUID, call: Clinician) -> NoContact:
    """They may be in one group again; the entry is shown a last time."""
    return await call.update(commands.lift_no_contact, no_contact_id)
