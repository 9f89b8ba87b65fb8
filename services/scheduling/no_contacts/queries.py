"""Clients who must not meet, as they are read."""

from uuid import UUID

from services.scheduling.no_contacts.schemas import NoContact
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging, page

NO_CONTACT = """
SELECT n.id, n.site_id, ARRAY[n.client_id, n.other_client_id] AS client_ids, n.entered_at,
  1 AS version,
  ARRAY(
    SELECT DISTINCT p.cohort_id FROM placements p JOIN placements q ON q.cohort_id = p.cohort_id
    WHERE p.client_id = ANY (platform.records_of(n.client_id)) AND p.ended_at IS NULL
      AND q.client_id = ANY (platform.records_of(n.other_client_id)) AND q.ended_at IS NULL
  ) AS together_in
FROM no_contacts n
"""
ONE = f"{NO_CONTACT} WHERE n.id = $1"
OF_CLIENT = """(n.client_id = ANY (platform.records_of(?))
  OR n.other_client_id = ANY (platform.records_of(?)))"""


async def show_no_contact(tx: Transaction, no_contact_id: UUID) -> NoContact:
    """Two clients who must not meet.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    return NoContact.from_row(found(await tx.fetchrow(ONE, no_contact_id), "entry"))


async def list_no_contacts(tx: Transaction, paging: Paging, client_id: UUID) -> Page[NoContact]:
    """Whom a client must not meet, the oldest entry first."""
    of_client = (OF_CLIENT, client_id, client_id)
    return await page(tx, NO_CONTACT, paging, NoContact.from_row, of_client, order="n.id")
