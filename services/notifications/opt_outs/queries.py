"""To which addresses nothing goes."""

from collections.abc import Iterable

from services.notifications.opt_outs.rules import Stopped
from shared.database import Transaction

STOPPED = """
SELECT channel, address, reason FROM stopped_addresses
WHERE address = ANY ($1::text[]) AND ended_at IS NULL ORDER BY reason DESC
"""


async def stopped_of(tx: Transaction, addresses: Iterable[str]) -> dict[tuple[str, str], Stopped]:
    """Why nothing goes to those addresses that are stopped, by channel and address; that somebody
    wants nothing counts more than that nothing arrives."""
    rows = await tx.fetch(STOPPED, list(set(addresses)))
    return {(row["channel"], row["address"]): row["reason"] for row in rows}
