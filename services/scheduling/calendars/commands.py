"""Issuing and revoking secret addresses of calendars."""

from uuid import UUID

from services.scheduling.calendars.policy import feed_policy
from services.scheduling.calendars.queries import show_link
from services.scheduling.calendars.schemas import CalendarLink, NewCalendarLink
from services.scheduling.directory.queries import show_site
from shared.database import Transaction, insert, update
from shared.errors import Conflict, Invalid, NotFound, require_version
from shared.ids import new_id
from shared.web.links import digest, new_secret

OF_SITE = {
    "staff": """
SELECT FROM staff s JOIN staff_sites w ON w.staff_id = s.id
WHERE s.id = $1 AND w.site_id = $2 AND s.left_at IS NULL
""",
    "room": "SELECT FROM rooms WHERE id = $1 AND site_id = $2",
    "client": """
SELECT FROM placements WHERE client_id = ANY (platform.records_of($1)) AND site_id = $2
  AND ended_at IS NULL LIMIT 1
""",
}
"""Whether they are of the site, by their kind."""


class LanguageUnknown(Invalid):
    """There are no titles in this language."""


class LinkRevoked(Conflict, title="The address is revoked"):
    """The address is revoked already."""


async def issue_link(tx: Transaction, new: NewCalendarLink, issued_by: str) -> CalendarLink:
    """A new address for a calendar, which reads it until it is revoked; others stay.

    Raises:
        NotFound: no such site, or nobody or nothing of this id there, that the caller may see.
        LanguageUnknown: see there.
    """
    site = await show_site(tx, new.site_id, pointer="/site_id")
    policy = feed_policy(site.id)
    if new.language not in policy.titles:
        known = ", ".join(sorted(policy.titles))
        raise LanguageUnknown(f"There are titles in {known}.", pointer="/language")
    given = {kind: getattr(new, f"{kind}_id") for kind in OF_SITE}
    ((kind, resource_id),) = ((kind, one) for kind, one in given.items() if one is not None)
    if await tx.fetchrow(OF_SITE[kind], resource_id, site.id) is None:
        raise NotFound("There is none of this id at the site.", pointer=f"/{kind}_id")
    secret = new_secret()
    row = {
        **new.model_dump(include={"site_id", "language"}),
        "id": new_id(),
        "kind": kind,
        "resource_id": resource_id,
        "secret_hash": digest(secret),
        "issued_by": issued_by,
        "issued_at": tx.now,
    }
    await tx.execute(*insert("calendar_links", row))
    link = await show_link(tx, row["id"])
    return link.model_copy(update={"address": f"{policy.address}{secret}.ics"})


async def revoke_link(tx: Transaction, expected: int, link_id: UUID) -> CalendarLink:
    """Let an address read nothing any more.

    Raises:
        NotFound: there is none that the caller may see.
        StaleVersion: it changed since the caller read it.
        LinkRevoked: see there.
    """
    link = await show_link(tx, link_id, lock=True)
    require_version(link.version, expected)
    if link.revoked_at is not None:
        raise LinkRevoked("This address reads nothing any more.")
    changes = {"revoked_at": tx.now}
    await tx.execute(*update("calendar_links", changes, where={"id": link_id}))
    return link.changed(**changes)
