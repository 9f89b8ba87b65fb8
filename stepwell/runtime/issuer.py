"""The local token issuer over HTTP, where an organisation's identity provider stands elsewhere.

Services and subscribers get tokens by their secrets. A browser application logs a person in by an
authorization code with PKCE, as it does at Keycloak: whoever sits there picks a role and sites, as
nobody here has a password.
"""

import hmac
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stepwell.runtime.keys import ALGORITHM, ALL_SITES, Issuer
from stepwell.runtime.login import Form, Login, Portal, form_of
from stepwell.runtime.sessions import Grant, Refused, Sessions
from stepwell.runtime.subscribers import Subscriber

TOKEN_SECONDS = 300
"""A role that is taken away ends with the token's life."""


async def no_sites() -> Mapping[str, str]:
    """No site is known by its name."""
    return {}


def application(
    issuer: Issuer,
    clients: Mapping[str, str],
    subscribers: Callable[[], Mapping[str, Subscriber]] = dict,
    *,
    portal: Portal | None = None,
    sites: Callable[[], Awaitable[Mapping[str, str]]] = no_sites,
) -> Starlette:
    """The issuer's application.

    Args:
        clients: the id of each service with its secret.
        subscribers: gives those who are known now: they come and go while the system runs.
        portal: the application in which people log in; without one nobody does.
        sites: gives the names of the sites that there are now, by id.
    """
    tokens = Tokens(issuer, clients, subscribers)
    login = Login(issuer, tokens.sessions, portal, sites)

    async def configuration(request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": issuer.url,
                "authorization_endpoint": f"{issuer.url}/authorize",
                "token_endpoint": f"{issuer.url}/token",
                "end_session_endpoint": f"{issuer.url}/logout",
                "jwks_uri": f"{issuer.url}/jwks.json",
                "grant_types_supported": list(GRANTS),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "code_challenge_methods_supported": ["S256"],
                "prompt_values_supported": ["none", "login"],
                "scopes_supported": ["openid"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                    "none",
                ],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def jwks(request: Request) -> JSONResponse:
        return JSONResponse(issuer.jwks())

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", configuration),
            Route("/jwks.json", jwks),
            Route("/token", tokens.answer, methods=["POST"]),
            Route("/authorize", login.authorize, methods=["GET", "POST"]),
            Route("/logout", login.log_out, methods=["GET", "POST"]),
        ],
        middleware=[
            Middleware(CORSMiddleware, allow_origins=[portal.url], allow_methods=["GET", "POST"])
        ]
        if portal
        else [],
    )


class Tokens:
    """The token endpoint."""

    def __init__(
        self,
        issuer: Issuer,
        clients: Mapping[str, str],
        subscribers: Callable[[], Mapping[str, Subscriber]],
    ) -> None:
        self.sessions = Sessions()
        self._issuer = issuer
        self._clients = clients
        self._subscribers = subscribers

    async def answer(self, request: Request) -> JSONResponse:
        """Tokens by one of the grants, or an OAuth error with its reason."""
        try:
            form = await form_of(request)
            grant = GRANTS.get(form.get("grant_type", ""))
            if grant is None:
                grants = ", ".join(GRANTS)
                raise Refused("unsupported_grant_type", f"Use a grant_type of {grants}.")
            return _answer(grant(self, request, form))
        except Refused as error:
            status = 401 if error.code == "invalid_client" else 400
            return _answer({"error": error.code, "error_description": str(error)}, status)

    def by_secret(self, request: Request, form: Form) -> dict[str, Any]:
        """Client credentials: of a service, or of a subscriber."""
        client, secret = _credentials(request, form)
        subscriber = None if client in self._clients else self._subscribers().get(client)
        expected = subscriber.secret if subscriber else self._clients.get(client)
        if expected is None or not hmac.compare_digest(expected.encode(), secret.encode()):
            raise Refused("invalid_client", "There is no such client, or its secret is another.")
        return self._access(
            "subscriber" if subscriber else "service",
            [ALL_SITES],
            subject=client,
            topics=subscriber.topics if subscriber else (),
        )

    def by_code(self, request: Request, form: Form) -> dict[str, Any]:
        """An authorization code and its PKCE verifier."""
        return self._granted(
            self.sessions.redeem(
                form.get("code", ""),
                client=form.get("client_id", ""),
                redirect_uri=form.get("redirect_uri", ""),
                verifier=form.get("code_verifier", ""),
            )
        )

    def by_refresh(self, request: Request, form: Form) -> dict[str, Any]:
        """A refresh token, in place of which there is a new one then."""
        token, client = form.get("refresh_token", ""), form.get("client_id", "")
        return self._granted(self.sessions.refreshed(token, client=client))

    def _granted(self, grant: Grant) -> dict[str, Any]:
        person = grant.session.person
        told = self._access(person.role, person.sites, subject=person.subject)
        if "openid" in grant.scope.split():
            told["id_token"] = self._issuer.id_token(
                grant.client,
                person.role,
                person.sites,
                subject=person.subject,
                seconds=TOKEN_SECONDS,
                sid=grant.session.id,
                **({"nonce": grant.nonce} if grant.nonce is not None else {}),
            )
        refresh = self.sessions.refresh_token(grant)
        return {**told, "refresh_token": refresh, "scope": grant.scope}

    def _access(self, role: str, sites: Sequence[str], **more: Any) -> dict[str, Any]:
        token = self._issuer.token(role, sites, seconds=TOKEN_SECONDS, **more)
        return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}


GRANTS: dict[str, Callable[[Tokens, Request, Form], dict[str, Any]]] = {
    "client_credentials": Tokens.by_secret,
    "authorization_code": Tokens.by_code,
    "refresh_token": Tokens.by_refresh,
}


def _credentials(request: Request, form: Form) -> tuple[str, str]:
    header = request.headers.get("authorization", "")
    if header.lower().startswith("basic "):
        try:
            client, _, secret = b64decode(header[6:]).decode().partition(":")
        except ValueError:
            return "", ""
        return unquote(client), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _answer(body: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
