"""Enrolments as they are read."""

from typing import Literal, overload
from uuid import UUID

from services.intake.enrolment.schemas import Enrolment
from services.intake.referrals.queries import require_client
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

COLUMNS = """
SELECT id, client_id, site_id, determination_id, level_of_care, state, reason, teds_reason,
  former_id, enrolled_at, first_service_at, ended_at, late_step_down_id, late_step_down_at, version
FROM enrolments
"""
OF_CLIENT = f"{COLUMNS} WHERE client_id = $1 AND id > $2 ORDER BY id LIMIT $3"
ONE = f"{COLUMNS} WHERE id = $1"
LOCKED = f"{ONE} FOR NO KEY UPDATE"


async def list_enrolments(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Enrolment]:
    """A client's stays, oldest first.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(OF_CLIENT, client_id, paging.after, paging.limit + 1)
    if not rows:
        await require_client(tx, client_id)
    return page_of([Enrolment(**dict(row)) for row in rows], paging.limit)


async def show_enrolment(tx: Transaction, enrolment_id: UUID) -> Enrolment:
    """One stay.

    Raises:
        NotFound: none that the caller may see.
    """
    row = await tx.fetchrow(ONE, enrolment_id)
    if row is None:
        raise NotFound("There is no such enrolment.")
    return Enrolment(**dict(row))


@overload
async def lock_enrolment(tx: Transaction, enrolment_id: UUID) -> Enrolment: ...
@overload
async def lock_enrolment(
    tx: Transaction, enrolment_id: UUID, *, missing_ok: Literal[True]
) -> Enrolment | None: ...
async def lock_enrolment(
    tx: Transaction, enrolment_id: UUID, *, missing_ok: bool = False
) -> Enrolment | None:
    """One stay that nobody else changes until the commit.

    Raises:
        NotFound: none that the caller may see, unless that may be.
    """
    row = await tx.fetchrow(LOCKED, enrolment_id)
    if row is None:
        if missing_ok:
            return None
        raise NotFound("There is no such enrolment.")
    return Enrolment(**dict(row))
