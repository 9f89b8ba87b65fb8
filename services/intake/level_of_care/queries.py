"""Level-of-care decisions as they are read."""

from uuid import UUID

import orjson

from services.intake.level_of_care.schemas import Determination
from shared.contracts.base import PolicyReference
from shared.database import Transaction
from shared.web import Page, Paging, page_of

COLUMNS = """
SELECT id, client_id, site_id, screening_id, edition, ratings, status, recommended_level,
  dual_diagnosis, criteria, policy_id, policy_version, determined_at
FROM determinations WHERE client_id = $1
"""
OF_CLIENT = f"{COLUMNS} AND id > $2 ORDER BY id LIMIT $3"
LATEST = f"{COLUMNS} ORDER BY determined_at DESC, id DESC LIMIT 1"


async def list_determinations(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[Determination]:
    """A client's decisions, oldest first."""
    rows = await tx.fetch(OF_CLIENT, client_id, paging.after, paging.limit + 1)
    return page_of([_determination(row) for row in rows], paging.limit)


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
