"""The local token issuer over HTTP: discovery, keys, and tokens for the services themselves.

It stands in for an organisation's identity provider. People get tokens by `stepwell token`.
"""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stepwell.runtime.keys import ALGORITHM, ALL_SITES, Issuer
from stepwell.runtime.subscribers import Subscriber

TOKEN_SECONDS = 3600


def application(
    issuer: Issuer,
    clients: Mapping[str, str],
    subscribers: Callable[[], Mapping[str, Subscriber]] = dict,
) -> Starlette:
    """The issuer's application; `clients` maps the id of a service to its secret.

    `subscribers` gives those who are known now: they come and go while the system runs.
    """

    async def configuration(request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": issuer.url,
                "jwks_uri": f"{issuer.url}/jwks.json",
                "token_endpoint": f"{issuer.url}/token",
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
            }
        )

    async def jwks(request: Request) -> JSONResponse:
        return JSONResponse(issuer.jwks())

    async def token(request: Request) -> JSONResponse:
        form = parse_qs((await request.body())[:4096].decode(errors="replace"))
        if form.get("grant_type") != ["client_credentials"]:
            return _error("unsupported_grant_type", 400)
        client, secret = _credentials(request, form)
        subscriber = None if client in clients else subscribers().get(client)
        expected = subscriber.secret if subscriber else clients.get(client)
        if expected is None or not hmac.compare_digest(expected.encode(), secret.encode()):
            return _error("invalid_client", 401)
        return JSONResponse(
            {
                "access_token": issuer.token(
                    "subscriber" if subscriber else "service",
                    [ALL_SITES],
                    subject=client,
                    seconds=TOKEN_SECONDS,
                    topics=subscriber.topics if subscriber else (),
                ),
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
            },
            headers={"Cache-Control": "no-store"},
        )

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", configuration),
            Route("/jwks.json", jwks),
            Route("/token", token, methods=["POST"]),
        ]
    )


def _credentials(request: Request, form: dict[str, list[str]]) -> tuple[str, str]:
    header = request.headers.get("authorization", "")
    if header.lower().startswith("basic "):
        try:
            client, _, secret = b64decode(header[6:]).decode().partition(":")
        except ValueError:
            return "", ""
        return unquote(client), unquote(secret)
    return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]


def _error(code: str, status: int) -> JSONResponse:
    body: dict[str, Any] = {"error": code}
    return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store"})
