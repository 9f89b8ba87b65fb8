"""Partners' seats as they are read."""

from uuid import UUID

from services.scheduling.step_up.schemas import PartnerSlot, StepUpRequest
from shared.database import Transaction, select
from shared.errors import found
from shared.web import Page, Paging, narrowed, page_of

SLOTS = select(PartnerSlot, "partner_slots")
REQUESTS = """
SELECT h.*, s.partner FROM partner_holds h JOIN partner_slots s ON s.id = h.slot_id
"""


async def show_slot(tx: Transaction, slot_id: UUID) -> PartnerSlot:
    """One partner's seats.

    Raises:
        NotFound: there is none.
    """
    row = found(await tx.fetchrow(f"{SLOTS} WHERE id = $1", slot_id), "partner slot")
    return PartnerSlot.from_row(row)


async def list_slots(tx: Transaction, paging: Paging, level: str | None) -> Page[PartnerSlot]:
    """Partners' seats, the oldest first."""
    where, values = narrowed(("level = ?", level), ("id > ?", paging.after))
    page = f"{SLOTS} {where} ORDER BY id LIMIT ${len(values) + 1}"
    rows = await tx.fetch(page, *values, paging.limit + 1)
    return page_of([PartnerSlot.from_row(row) for row in rows], paging.limit)


async def show_request(tx: Transaction, request_id: UUID) -> StepUpRequest:
    """One seat that is or was held.

    Raises:
        NotFound: there is none that the caller may see.
    """
    row = found(await tx.fetchrow(f"{REQUESTS} WHERE h.id = $1", request_id), "step-up request")
    return StepUpRequest.from_row(row)


async def list_requests(
    tx: Transaction, paging: Paging, site_id: UUID | None
) -> Page[StepUpRequest]:
    """Seats that are or were held, the oldest first."""
    where, values = narrowed(("h.site_id = ?", site_id), ("h.id > ?", paging.after))
    page = f"{REQUESTS} {where} ORDER BY h.id LIMIT ${len(values) + 1}"
    rows = await tx.fetch(page, *values, paging.limit + 1)
    return page_of([StepUpRequest.from_row(row) for row in rows], paging.limit)
