"""To which addresses nothing goes."""

from collections.abc import Iterable

from services.notifications.opt_outs.rules import Stopped, of_one_mailbox
from shared.database import Transaction

STOPPED = """
SELECT channel, address, reason FROM stopped_addresses
WHERE address = ANY ($1::text[]) AND ended_at IS NULL ORDER BY reason DESC
"""


async def stopped_of(tx: Transaction, addresses: Iterable[str]) -> dict[tuple[str, str], Stopped]:
    """Why nothing goes to those addresses that are stopped, by channel and address as
    `of_one_mailbox` has it; that somebody wants nothing counts more than that nothing arrives."""
    given = set(addresses)
    rows = await tx.fetch(STOPPED, sorted(given | set(map(of_one_mailbox, given))))
    return {(row["channel"], of_one_mailbox(row["address"])): row["reason"] for row in rows}
