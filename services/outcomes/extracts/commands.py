"""Asking for an extract, and deleting it when its time is over."""

import secrets

from services.outcomes.extracts.policy import extract_policy
from services.outcomes.extracts.queries import show_extract
from services.outcomes.extracts.schemas import Extract, NewExtract
from shared.database import Transaction, insert
from shared.errors import Invalid
from shared.ids import new_id

LONGEST_DAYS = 3660
KNOWN_SITES = "SELECT site_id FROM sites ORDER BY site_id"
OVER = """
UPDATE extracts SET state = 'gone', version = version + 1
WHERE state = 'made' AND gone_at <= $1 RETURNING id
"""
DELETE = "DELETE FROM extract_parts WHERE extract_id = ANY ($1)"


class UnknownSite(Invalid):
    """A site that the caller may not see, or nobody knows."""


class ImpossibleTime(Invalid):
    """The time asked for is empty or too long."""


class NothingToExtract(Invalid):
    """The caller sees no site."""


async def request_extract(tx: Transaction, new: NewExtract, requested_by: str) -> Extract:
    """Ask for an extract, which a job makes.

    Raises:
        UnknownSite, ImpossibleTime, NothingToExtract: with a pointer.
    """
    if not 0 < (new.starts_until - new.starts_from).days <= LONGEST_DAYS:
        raise ImpossibleTime(f"Ask for 1 to {LONGEST_DAYS} days.", pointer="/starts_until")
    known = [row["site_id"] for row in await tx.fetch(KNOWN_SITES)]
    chosen = list(dict.fromkeys(new.site_ids or known))
    if not chosen:
        raise NothingToExtract("There is no site that you may see.", pointer="/site_ids")
    for number, site in enumerate(new.site_ids or ()):
        if site not in known:
            pointer = f"/site_ids/{number}"
            raise UnknownSite("There is no such site that you may see.", pointer=pointer)
    row = {
        "id": new_id(),
        "site_ids": chosen,
        **new.model_dump(exclude={"site_ids"}),
        "state": "queued",
        "requested_by": requested_by,
        "requested_at": tx.now,
        "key": secrets.token_bytes(32),
        "policy_version": extract_policy().version,
    }
    await tx.execute(*insert("extracts", row))
    tx.wake()
    return await show_extract(tx, row["id"])


async def delete_old(tx: Transaction) -> int:
    """Delete the files whose time is over; of how many extracts."""
    over = [row["id"] for row in await tx.fetch(OVER, tx.now)]
    await tx.execute(DELETE, over)
    return len(over)
