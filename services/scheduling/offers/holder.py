"""Who holds a link to a seat offer: a caller without a token, for one offer at one site.

The secret is random over 256 bits and is looked up by its SHA-256, so that neither the database nor
the time an answer takes tells anything of it.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from shared.access import Caller
from shared.database import ALL_SITES, Database
from shared.errors import Unauthorized
from shared.web import Call

SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
"""256 bits in base64url."""
OPEN = """
SELECT id, site_id FROM seat_offers WHERE link_hash = $1 AND ended_at IS NULL AND expires_at > $2
"""


class LinkNotValid(Unauthorized):
    """The secret opens nothing: unknown, replaced, too old, or the offer is over.

    All of them get the same answer, so that a secret tells nothing to who finds it.
    """

    def __init__(self) -> None:
        super().__init__(
            "This link is not valid, or not valid any more.", headers={"WWW-Authenticate": "Link"}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Caller):
    """A caller who sees the site of one offer, as the client whom it was made to."""

    offer_id: UUID


class OwnCall(Call):
    """A request of who holds a link."""

    @property
    def offer_id(self) -> UUID:
        return cast(Holder, self.caller).offer_id


def new_secret() -> str:
    """A secret for a link."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept of a secret. No salt is needed, as nobody can try 2^256 of them."""
    return hashlib.sha256(secret.encode("ascii")).digest()


async def by_link(request: Request) -> OwnCall:
    """Who sends the secret of a link: `Authorization: Link …`.

    Raises:
        LinkNotValid: it is no secret, or of no offer that is open.
    """
    given, _, secret = request.headers.get("authorization", "").partition(" ")
    if given.lower() != "link" or not SECRET.fullmatch(secret):
        raise LinkNotValid
    database: Database = request.app.state.database
    row = await database.run(ALL_SITES, lambda tx: tx.fetchrow(OPEN, digest(secret), tx.now))
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
