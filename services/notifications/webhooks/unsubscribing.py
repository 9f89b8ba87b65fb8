"""Ending mail with one click."""

from services.notifications.opt_outs.commands import stop_address
from shared.database import Transaction
from shared.web.links import LinkNotValid

ADDRESS = "SELECT address FROM handovers WHERE unsubscribe = $1"


async def unsubscribe(tx: Transaction, secret: bytes) -> None:
    """Nothing goes any more to the address of the mail with this secret, given as its digest.

    Raises:
        LinkNotValid: there is none, or it is long ago.
    """
    address: str | None = await tx.fetchval(ADDRESS, secret)
    if address is None:
        raise LinkNotValid
    await stop_address(tx, "email", address, "opted_out", "one_click")
