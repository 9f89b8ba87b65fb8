"""Entering and lifting that two clients must not meet."""

from uuid import UUID

from services.scheduling.directory.queries import show_site
from services.scheduling.no_contacts.queries import show_no_contact
from services.scheduling.no_contacts.schemas import NewNoContact, NoContact
from services.scheduling.placement.chart import lock_region
from services.scheduling.placement.commands import offer_seats
from shared.database import Transaction, at_all_sites, insert, unless_taken
from shared.errors import Conflict, Invalid, NotFound, require_version
from shared.ids import new_id

KNOWN = """
SELECT FROM unnest($1::uuid[]) AS asked(id), unnest(platform.records_of(asked.id)) AS own(record)
WHERE EXISTS (SELECT FROM preferences WHERE client_id = own.record AND site_id = $2)
  OR EXISTS (SELECT FROM placements WHERE client_id = own.record AND site_id = $2) LIMIT 1
"""

SITES = """
SELECT DISTINCT site_id FROM preferences
WHERE client_id = ANY (platform.records_of($1) || platform.records_of($2))
  AND enrolment_id IS NOT NULL
"""
"""Where one of the two may wait."""


class SameClient(Invalid):
    """Nobody is kept apart from themselves."""


class EnteredAlready(Conflict):
    """That these two must not meet is known."""


async def enter_no_contact(tx: Transaction, new: NewNoContact, entered_by: str) -> NoContact:
    """Keep two clients in different groups from now on; who is in one already stays, and is shown.

    Raises:
        NotFound: no such site, or neither of the two is known there.
        SameClient, EnteredAlready.
    """
    await show_site(tx, new.site_id, pointer="/site_id")
    records = await tx.fetchval("SELECT platform.records_of($1)", new.client_id)
    if new.other_client_id in records:
        raise SameClient("Name two different clients.", pointer="/other_client_id")
    if await tx.fetchrow(KNOWN, [new.client_id, new.other_client_id], new.site_id) is None:
        raise NotFound("Neither of the two is known at this site.", pointer="/client_id")
    first, second = sorted((new.client_id, new.other_client_id))
    entered = {"id": new_id(), "entered_at": tx.now, "entered_by": entered_by}
    row = {**new.model_dump(), "client_id": first, "other_client_id": second, **entered}
    with unless_taken(EnteredAlready("That these two must not meet is entered already.")):
        await tx.execute(*insert("no_contacts", row))
    return await show_no_contact(tx, row["id"])


async def lift_no_contact(tx: Transaction, expected: int, no_contact_id: UUID) -> NoContact:
    """Let two clients be in one group again; what was entered is shown a last time. Seats that are
    open to one of them by it go as any others.

    Raises:
        NotFound, StaleVersion.
    """
    shown = await show_no_contact(tx, no_contact_id)
    require_version(shown.version, expected)
    async with at_all_sites(tx):
        sites = [row["site_id"] for row in await tx.fetch(SITES, *shown.client_ids)]
        await lock_region(tx, sites)
        await tx.execute("DELETE FROM no_contacts WHERE id = $1", no_contact_id)
        await offer_seats(tx, dict.fromkeys(sites))
    return shown
