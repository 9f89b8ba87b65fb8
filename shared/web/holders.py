"""Who holds a link: a caller without a token, for the one thing at one site that it opens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from fastapi import Request

from shared.access import Caller
from shared.database import ALL_SITES, Database
from shared.web.call import Call
from shared.web.links import LinkNotValid, digest_sent
from shared.web.problems import refusals

NOT_HELD = refusals(
    {
        401: "The link is not valid, or not valid any more",
        500: "A defect of the service, which has been logged",
        504: "It took too long and was given up",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Caller):
    """A caller who sees the site of what the link opens, as the client whom it was given to."""

    held_id: UUID


class OwnCall(Call):
    """A request of who holds a link."""

    @property
    def held_id(self) -> UUID:
        return cast(Holder, self.caller).held_id


def by_link(query: str) -> Callable[[Request], Awaitable[OwnCall]]:
    """A dependency: who sends the secret of a link, `Authorization: Link …`.

    Args:
        query: finds `id` and `site_id` of what a link opens now, by the digest of its secret and
            the present instant.

    Raises:
        LinkNotValid: on use, when it is no secret, or opens nothing.
    """

    async def holder(request: Request) -> OwnCall:
        secret = digest_sent(request)
        database: Database = request.app.state.database
        row = await database.run(ALL_SITES, lambda tx: tx.fetchrow(query, secret, tx.now))
        if row is None:
            raise LinkNotValid
        return OwnCall(
            request,
            Holder(
                subject=f"link:{row['id']}",
                role="client",
                sites=frozenset([row["site_id"]]),
                held_id=row["id"],
            ),
        )

    return holder
