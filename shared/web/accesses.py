"""Who looked at a client's record, for auditors."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends
from pydantic import Field

from shared.access import Role
from shared.database import Transaction
from shared.web import Allowed, Call, Router
from shared.web.models import Instant, Page, Paging, Shown, page_of
from shared.web.writes import of_one_client

router = Router(tags=["Audit"])

OF_CLIENT = """
SELECT id, client_id, site_id, occurred_at, subject, role, operation, kind, reason
FROM platform.audit WHERE client_id = ANY (platform.records_of($1)) AND id > $2
ORDER BY id LIMIT $3
"""


class Accessed(Shown):
    """Somebody saw or changed something of a client."""

    id: UUID
    client_id: UUID
    site_id: UUID | None = Field(description="Null where it was not told.")
    occurred_at: Instant
    subject: str = Field(description="Who, as their token said.", examples=["counselor-7"])
    role: str = Field(examples=["counselor"])
    operation: str = Field(description="What, by its operation id.", examples=["show_client"])
    kind: Literal["read", "change"] = Field(examples=["read"])
    reason: str | None = Field(description="Why the glass was broken.", examples=[None])


@router.get("/clients/{client_id}/accesses", summary="Who looked at a client's record")
@of_one_client
async def list_accesses(
    client_id: UUID,
    call: Annotated[Call, Allowed(Role.AUDITOR)],
    paging: Annotated[Paging, Depends()],
) -> Page[Accessed]:
    """Reads and changes of the client's record in this service, oldest first; never deleted by it.

    An access that was refused saw nothing and is not listed. Those of which no site was told are
    shown to an auditor of all sites only. Reading this list is noted like any other read.
    """
    return await call.show(lambda tx: accesses(tx, client_id, paging))


async def accesses(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Accessed]:
    """What was noted about any record of a person at the sites of the transaction, oldest first."""
    rows = await tx.fetch(OF_CLIENT, client_id, paging.after, paging.limit + 1)
    return page_of([Accessed(**dict(row)) for row in rows], paging.limit)
