"""Who holds a link to a seat offer: a caller without a token, for one offer at one site."""

from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from shared.access import Caller
from shared.database import ALL_SITES, Database
from shared.web import Call
from shared.web.links import LinkNotValid, digest_sent

OPEN = """
SELECT id, site_id FROM seat_offers WHERE link_hash = $1 AND ended_at IS NULL AND expires_at > $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Caller):
    """A caller who sees the site of one offer, as the client whom it was made to."""

    offer_id: UUID


class OwnCall(Call):
    """A request of who holds a link."""

    @property
    def offer_id(self) -> UUID:
        return cast(Holder, self.caller).offer_id


async def by_link(request: Request) -> OwnCall:
    """Who sends the secret of a link: `Authorization: Link …`.

    Raises:
        LinkNotValid: it is no secret, or of no offer that is open.
    """
    secret = digest_sent(request)
    database: Database = request.app.state.database
    row = await database.run(ALL_SITES, lambda tx: tx.fetchrow(OPEN, secret, tx.now))
    if row is None:
        raise LinkNotValid
    return OwnCall(
        request,
        Holder(
            subject=f"link:{row['id']}",
            role="client",
            sites=frozenset([row["site_id"]]),
            offer_id=row["id"],
        ),
    )


ByLink = Annotated[OwnCall, Depends(by_link)]
