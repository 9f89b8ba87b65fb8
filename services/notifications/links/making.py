"""Making the one-time link that a message carries, right before the message is handed over.

The secret is random, opens one thing once, ends by itself and names nobody; the service whose page
it opens keeps its digest only. It stands in the fragment of the address, so a scanner that follows
the link gets the bare page and acts on nothing: the page asks by POST. A message that is tried
again gets a new link, and the one before it ends.
"""

from uuid import UUID

import httpx

from services.notifications.rulebook.sources import LINKS
from services.notifications.texts.policy import branding
from shared.access.client import ServiceToken
from shared.authorities import trusted
from shared.settings import Settings
from shared.web.links import SECRET

TIMEOUT_SECONDS = 5.0
OVER = (404, 409, 410)


class LinkOver(Exception):
    """What the link would open is over, so the message is of no use."""


class LinkUnavailable(Exception):
    """The service that makes the link does not answer, or not with one."""


async def make_link(settings: Settings, purpose: str, site_id: UUID, about: UUID) -> str:
    """A link by which a client can act once; empty where the site has no page for it, as then the
    client is asked to call.

    Raises:
        LinkOver: nothing is left to do there.
        LinkUnavailable: none can be made now.
    """
    page = branding(site_id).link_pages.get(purpose)
    if page is None:
        return ""
    service, path = LINKS[purpose]
    try:
        token = await ServiceToken(settings).get()
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, verify=trusted()) as http:
            answer = await http.post(
                f"{settings.url_of(service)}{path.format(about=about)}",
                headers={"Authorization": f"Bearer {token}", "If-Match": "*"},
            )
        if answer.status_code in OVER:
            raise LinkOver
        answer.raise_for_status()
        secret = str(answer.json()["address"]).rpartition("#")[2]
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        raise LinkUnavailable("no link could be made") from None
    if not SECRET.fullmatch(secret):
        raise LinkUnavailable("what was made is no link")
    return f"{page}#{secret}"
