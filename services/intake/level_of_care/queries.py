"""Level-of-care decisions as they are read."""

from uuid import UUID

import orjson

from services.intake.level_of_care.schemas import Determination
from services.intake.referrals.queries import require_client
from shared.contracts.base import PolicyReference
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

COLUMNS = """
SELECT id, client_id, site_id, screening_id, edition, ratings, status, recommended_level,
  dual_diagnosis, criteria, policy_id, policy_version, determined_at
FROM determinations WHERE client_id = $1
"""
OF_CLIENT = f"""
{COLUMNS} AND (determined_at, coalesce(entry, 0), id) > ALL (
  SELECT determined_at, coalesce(entry, 0), id FROM determinations WHERE client_id = $1 AND id = $2
)
ORDER BY determined_at, coalesce(entry, 0), id LIMIT $3
"""  # noqa: S608 - constants only
ONE = f"{COLUMNS} AND id = $2"
LATEST = f"{COLUMNS} ORDER BY determined_at DESC, coalesce(entry, 0) DESC, id DESC LIMIT 1"


async def list_determinations(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[Determination]:
    """A client's decisions, oldest first; the last one is in force.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(OF_CLIENT, client_id, paging.after, paging.limit + 1)
    if not rows:
        await require_client(tx, client_id)
    return page_of([_determination(row) for row in rows], paging.limit)


async def show_determination(
    tx: Transaction, client_id: UUID, determination_id: UUID
) -> Determination:
    """One decision.

    Raises:
        NotFound: none of that client that the caller may see.
    """
    row = await tx.fetchrow(ONE, client_id, determination_id)
    if row is None:
        raise NotFound("There is no such level-of-care decision.")
    return _determination(row)


async def latest_determination(tx: Transaction, client_id: UUID) -> Determination | None:
    """The decision in force."""
    row = await tx.fetchrow(LATEST, client_id)
    return None if row is None else _determination(row)


def _determination(row: object) -> Determination:
    values = dict(row)  # type: ignore[call-overload]  # a record is a mapping
    policy = PolicyReference(id=values.pop("policy_id"), version=values.pop("policy_version"))
    for name in ("ratings", "criteria"):
        values[name] = orjson.loads(values[name])
    return Determination(**values, policy=policy)
