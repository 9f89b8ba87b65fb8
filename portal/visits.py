"""Who a request comes from, and whether a form was shown to them."""

import hmac

from fastapi import Request

from portal.cookies import cookie_name
from portal.page import LoggedOut, Page, sent_form
from portal.rendering import language_of
from portal.words import Words

LONGEST_FORM = 262_144


def open_page(request: Request, acts: tuple[str, ...] = ()) -> Page:
    """The request of somebody who is logged in. Raises LoggedOut."""
    state = request.app.state
    secret = request.cookies.get(cookie_name(state.settings), "")
    session = state.sessions.read(secret) if secret else None
    if session is None or "access" not in session:
        raise LoggedOut
    words = Words(language_of(request))
    return Page(request, secret, session, words, state.api, state.provider, state.sessions, acts)


async def read_form(page: Page) -> dict[str, list[str]] | None:
    """The fields of a form that this session was shown; None for any other."""
    length = page.request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > LONGEST_FORM:
        return None
    form = sent_form(await page.request.form(max_files=0))
    given = form.get("csrf", [""])[-1]
    if not hmac.compare_digest(given.encode(), str(page.session["csrf"]).encode()):
        return None
    return form
