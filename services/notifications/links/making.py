"""Making the one-time link that a message carries, right before the message is handed over.

The secret is random, opens one thing once, ends by itself and names nobody; the service whose page
it opens keeps its digest only. It stands in the fragment of the address, so a scanner that follows
the link gets the bare page and acts on nothing: the page asks by POST. A message that is tried
again gets a new link, and the one before it ends.
"""

import contextlib
from typing import Any
from uuid import UUID

import httpx

from services.notifications.rulebook.sources import ASKED_ABOUT, LINKS
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
        await _look(settings, purpose, about)
        return ""
    answer = await _asked(settings, "POST", purpose, LINKS[purpose][1].format(about=about))
    try:
        secret = str(answer["address"]).rpartition("#")[2]
    except (LookupError, TypeError):
        raise LinkUnavailable("no link could be made") from None
    if not SECRET.fullmatch(secret):
        raise LinkUnavailable("what was made is no link")
    return f"{page}#{secret}"


async def _look(settings: Settings, purpose: str, about: UUID) -> None:
    """Ask whether a client has still to be asked to call, where no event would say so; who cannot
    be asked about is asked to call.

    Raises:
        LinkOver: nothing is left to do.
    """
    if purpose in ASKED_ABOUT:
        path, open_state = ASKED_ABOUT[purpose]
        with contextlib.suppress(LinkUnavailable, LookupError, TypeError):
            answer = await _asked(settings, "GET", purpose, path.format(about=about))
            if answer["state"] != open_state:
                raise LinkOver


async def _asked(settings: Settings, method: str, purpose: str, path: str) -> Any:
    """What the service that makes links of a purpose answers.

    Raises:
        LinkOver, LinkUnavailable: it says that all is over, or nothing that can be read.
    """
    try:
        token = await ServiceToken(settings).get()
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, verify=trusted()) as http:
            answer = await http.request(
                method,
                f"{settings.url_of(LINKS[purpose][0])}{path}",
                headers={"Authorization": f"Bearer {token}", "If-Match": "*"},
            )
        if answer.status_code in OVER:
            raise LinkOver
        return answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        raise LinkUnavailable("no link could be made") from None
