"""Who holds a link: a caller without a token, for the one thing that it opens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

from fastapi import Request

from shared.access import Caller
from shared.access.allowed import Open
from shared.database import ALL_SITES, Database
from shared.web.call import Call, Router
from shared.web.links import LinkNotValid, digest_sent
from shared.web.problems import refusals

WHY = "A client has no token: the request carries the secret of a link, or of its session."
NOT_HELD = refusals(
    {
        401: "The link is not valid, or not valid any more",
        500: "A defect of the service, which has been logged",
        504: "It took too long and was given up",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Caller):
    """A caller who sees the sites of what the link opens, as the client whom it was given to."""

    held_id: UUID
    link_id: UUID | None
    """Where one thing may have had several links: which of them it is."""


class OwnCall(Call):
    """A request of who holds a link."""

    @property
    def holder(self) -> Holder:
        """The caller."""
        return cast(Holder, self.caller)

    @property
    def held_id(self) -> UUID:
        """What the link opens."""
        return self.holder.held_id


def own_routes(tag: str, about: str | None = None) -> Router:
    """Routes for whoever holds a link."""
    return Router(tags=[tag], about=about, dependencies=[Open(WHY)], responses=NOT_HELD)


def by_link(
    query: str, scheme: Literal["Link", "Session"] = "Link"
) -> Callable[[Request], Awaitable[OwnCall]]:
    """A dependency: who sends the secret of a link, `Authorization: Link …`, or that of a session
    which a link was exchanged for.

    Args:
        query: finds `id` and `sites` of what a link opens now, and `link_id` where that matters, by
            the digest of its secret and the present instant.

    Raises:
        LinkNotValid: on use, when it is no secret, or opens nothing.
    """

    async def holder(request: Request) -> OwnCall:
        secret = digest_sent(request, scheme)
        database: Database = request.app.state.database
        row = await database.run(ALL_SITES, lambda tx: tx.fetchrow(query, secret, tx.now))
        if row is None:
            raise LinkNotValid
        return OwnCall(
            request,
            Holder(
                subject=f"link:{row['id']}",
                role="client",
                sites=frozenset(row["sites"]),
                held_id=row["id"],
                link_id=row.get("link_id"),
            ),
        )

    return holder
