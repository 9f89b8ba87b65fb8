"""Who holds a link: a caller without a token, for one questionnaire at one site."""

from dataclasses import dataclass
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import Depends, Request

from shared.access import Caller
from shared.database import ALL_SITES, Database
from shared.web import Call
from shared.web.links import LinkNotValid, digest_sent

LINK = """
SELECT l.id, l.questionnaire_id, ARRAY[l.site_id, coalesce(s.site_id, l.site_id)] AS sites
FROM questionnaire_links l JOIN questionnaires q ON q.id = l.questionnaire_id
JOIN clients c ON c.id = q.client_id LEFT JOIN clients s ON s.id = c.merged_into
"""
BY_LINK = f"{LINK} WHERE l.secret_hash = $1"
BY_SESSION = f"{LINK} WHERE l.session_hash = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Caller):
    """A caller who sees the site of one questionnaire, and that of the client who goes on for a
    merged one, as the client of that questionnaire. Whether the link still holds is asked in the
    transaction that rests on it."""

    questionnaire_id: UUID
    link_id: UUID


class OwnCall(Call):
    """A request of who holds a link or a session."""

    @property
    def holder(self) -> Holder:
        """The caller."""
        return cast(Holder, self.caller)


async def by_link(request: Request) -> OwnCall:
    """Who sends the secret of a link: `Authorization: Link …`.

    Raises:
        LinkNotValid: it is no secret, or of no link.
    """
    return OwnCall(request, await _holder(request, "Link", BY_LINK))


async def by_session(request: Request) -> OwnCall:
    """Who sends the secret of a session: `Authorization: Session …`.

    Raises:
        LinkNotValid: it is no secret, or of no session.
    """
    return OwnCall(request, await _holder(request, "Session", BY_SESSION))


async def _holder(request: Request, scheme: Literal["Link", "Session"], query: str) -> Holder:
    secret = digest_sent(request, scheme)
    database: Database = request.app.state.database
    row = await database.run(ALL_SITES, lambda tx: tx.fetchrow(query, secret))
    if row is None:
        raise LinkNotValid
    return Holder(
        subject=f"link:{row['questionnaire_id']}",
        role="client",
        sites=frozenset(row["sites"]),
        questionnaire_id=row["questionnaire_id"],
        link_id=row["id"],
    )


ByLink = Annotated[OwnCall, Depends(by_link)]
BySession = Annotated[OwnCall, Depends(by_session)]
