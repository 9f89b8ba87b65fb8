"""Who holds a link to a survey: a caller without a token, for one survey at one site."""

from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from services.outcomes.follow_up.queries import RETURNED
from shared.access import Caller
from shared.database import ALL_SITES, Database
from shared.web import Call
from shared.web.links import LinkNotValid, digest_sent

OPEN = f"""
SELECT f.id, f.site_id FROM follow_ups f
WHERE f.link_hash = $1 AND f.state = 'due' AND f.closes_at > $2 AND NOT {RETURNED}
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Caller):
    """A caller who sees the site of one survey, as the client who is asked."""

    follow_up_id: UUID


class OwnCall(Call):
    """A request of who holds a link."""

    @property
    def follow_up_id(self) -> UUID:
        return cast(Holder, self.caller).follow_up_id


async def by_link(request: Request) -> OwnCall:
    """Who sends the secret of a link: `Authorization: Link …`.

    Raises:
        LinkNotValid: it is no secret, or of no survey that can be answered.
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
            follow_up_id=row["id"],
        ),
    )


ByLink = Annotated[OwnCall, Depends(by_link)]
