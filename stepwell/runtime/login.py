"""Logging in and out at the local issuer: whoever sits at the browser says who they are."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from stepwell.runtime import login_page as page
from stepwell.runtime.keys import ALL_SITES, ROLES, Issuer, local_name
from stepwell.runtime.sessions import Grant, Person, Refused, Session, Sessions

Form = Mapping[str, str]
LONGEST_FORM = 16_384
STAFF = tuple(role for role in ROLES if role not in ("service", "subscriber", "kiosk"))
"""Whom a person may be; `service` and `subscriber` have secrets."""
CLIENT = "portal"
CALLBACK = "/oidc/callback"
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,38}[a-z0-9])?")
COOKIE = "stepwell-issuer"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class Portal:
    """The application in which people log in: a public client, as in `deploy/keycloak/realm.json`.

    `url` is its origin, without a slash at the end.
    """

    url: str

    @property
    def redirect_uri(self) -> str:
        """The one address that a code is sent to."""
        return f"{self.url}{CALLBACK}"

    @property
    def after_logout(self) -> str:
        """The one address that a person who logged out is sent to."""
        return f"{self.url}/"


class Login:
    """The authorization endpoint and the end-session endpoint."""

    def __init__(
        self,
        issuer: Issuer,
        sessions: Sessions,
        portal: Portal | None,
        sites: Callable[[], Awaitable[Mapping[str, str]]],
    ) -> None:
        self._issuer = issuer
        self._sessions = sessions
        self._portal = portal
        self._sites = sites

    async def authorize(self, request: Request) -> Response:
        """Send the browser back with a code; ask first who the person is, unless that is known."""
        try:
            chosen = await pairs_of(request)
            asked = single(pair for pair in chosen if pair[0] != "site")
            self._check_client(asked)
        except Refused as error:
            return _shown(page.refused("You cannot log in", str(error)), 400)
        try:
            _check_request(asked)
            if request.method == "POST":
                return self._back(asked, self._sessions.begin(_person(chosen)))
            known = self._sessions.of_cookie(request.cookies.get(COOKIE))
            if known is not None and asked.get("prompt") != "login":
                return self._back(asked, known)
            if asked.get("prompt") == "none":
                raise Refused("login_required", "Nobody is logged in.")
        except page.NotChosen as error:
            return _shown(page.choice(STAFF, await self._sites(), asked, str(error)), 422)
        except Refused as error:
            return self._sent_back(asked, error=error.code, error_description=str(error))
        return _shown(page.choice(STAFF, await self._sites(), asked))

    async def log_out(self, request: Request) -> Response:
        """End the session that the ID token names, or the browser's."""
        try:
            asked = await form_of(request)
            wanted = asked.get("post_logout_redirect_uri")
            if wanted and (self._portal is None or wanted != self._portal.after_logout):
                raise Refused("invalid_request", "The post_logout_redirect_uri is not configured.")
        except Refused as error:
            return _shown(page.refused("You are not logged out", str(error)), 400)
        browser = self._sessions.of_cookie(request.cookies.get(COOKIE))
        self._sessions.end(browser.id if browser else None)
        self._sessions.end(self._issuer.read(asked.get("id_token_hint", "")).get("sid"))
        answer: Response = _shown(page.told("You are logged out", "You may close this page."))
        if wanted:
            state = {"state": asked["state"]} if "state" in asked else {}
            answer = _redirect(wanted, state)
        answer.delete_cookie(COOKIE)
        return answer

    def _check_client(self, asked: Form) -> None:
        """What is wrong here is told to the person: nobody else is known who could be told."""
        if self._portal is None or asked.get("client_id") != CLIENT:
            raise Refused("invalid_client", "The client_id is none that people log in with.")
        if asked.get("redirect_uri") != self._portal.redirect_uri:
            uri = self._portal.redirect_uri
            raise Refused("invalid_request", f"The redirect_uri is not {uri}, as configured.")

    def _back(self, asked: Form, session: Session) -> Response:
        grant = Grant(session, asked["client_id"], asked.get("scope", ""), asked.get("nonce"))
        code = self._sessions.code(
            grant, redirect_uri=asked["redirect_uri"], challenge=asked["code_challenge"]
        )
        answer = self._sent_back(asked, code=code)
        answer.set_cookie(COOKIE, session.cookie, httponly=True, samesite="lax")
        return answer

    def _sent_back(self, asked: Form, **told: str) -> Response:
        state = {"state": asked["state"]} if "state" in asked else {}
        return _redirect(asked["redirect_uri"], {**told, **state, "iss": self._issuer.url})


async def form_of(request: Request) -> Form:
    """The parameters of a request, of the body or else of the address.

    Raises:
        Refused: one is given twice, or they are too long.
    """
    return single(await pairs_of(request))


async def pairs_of(request: Request) -> list[tuple[str, str]]:
    """The same, where some may be given several times."""
    text = request.url.query
    if request.method == "POST":
        text = (await request.body()).decode(errors="replace")
    if len(text) > LONGEST_FORM:
        raise Refused("invalid_request", f"The request is longer than {LONGEST_FORM} characters.")
    return parse_qsl(text, keep_blank_values=True)


def single(pairs: Iterable[tuple[str, str]]) -> Form:
    """Each parameter once. Raises Refused."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise Refused("invalid_request", "A parameter is given more than once.")
        found[name] = value
    return found


def _check_request(asked: Form) -> None:
    if asked.get("response_type") != "code":
        raise Refused("unsupported_response_type", "The response_type is not code.")
    if asked.get("code_challenge_method") != "S256":
        raise Refused("invalid_request", "The code_challenge_method is not S256: PKCE is required.")
    if not CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        raise Refused("invalid_request", "The code_challenge is not the S256 of a code_verifier.")


def _person(chosen: list[tuple[str, str]]) -> Person:
    given = dict(chosen)
    role = given.get("role", "")
    if role not in STAFF:
        raise page.NotChosen("Pick a role.")
    name = given.get("name", "").strip() or local_name(role)
    if not NAME.fullmatch(name):
        raise page.NotChosen("Write a name of at most 40 of a-z, 0-9, dots and hyphens.")
    others = given.get("others", "").replace(",", " ").split()
    sites = [*(value for field, value in chosen if field == "site"), *others]
    try:
        ids = tuple(str(UUID(site)) for site in sites)
    except ValueError:
        raise page.NotChosen("Write the ids of sites, with commas between.") from None
    return Person(name, role, ids or (ALL_SITES,))


def _shown(html: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status, headers=HEADERS)


def _redirect(to: str, parameters: Mapping[str, str]) -> RedirectResponse:
    url = f"{to}?{urlencode(parameters)}" if parameters else to
    return RedirectResponse(url, 303, headers=HEADERS)
