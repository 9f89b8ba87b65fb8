"""Partners' seats as they are read."""

from uuid import UUID

from services.scheduling.step_up.schemas import PartnerSlot, StepUpRequest
from shared.database import Transaction, select
from shared.errors import found
from shared.web import Page, Paging, page

SLOTS = select(PartnerSlot, "partner_slots")
REQUESTS = """
SELECT h.*, s.partner FROM partner_holds h JOIN partner_slots s ON s.id = h.slot_id
"""


async def show_slot(tx: Transaction, slot_id: UUID, *, lock: bool = False) -> PartnerSlot:
    """One partner's seats, locked for a change if `lock`.

    Raises:
        NotFound: there is none.
    """
    one = f"{SLOTS} WHERE id = $1 {'FOR NO KEY UPDATE' if lock else ''}"
    return PartnerSlot.from_row(found(await tx.fetchrow(one, slot_id), "partner slot"))


async def list_slots(tx: Transaction, paging: Paging, level: str | None) -> Page[PartnerSlot]:
    """Partners' seats, the oldest first."""
    return await page(tx, SLOTS, paging, PartnerSlot.from_row, ("level = ?", level))


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
    of_site = ("h.site_id = ?", site_id)
    return await page(tx, REQUESTS, paging, StepUpRequest.from_row, of_site, order="h.id")
