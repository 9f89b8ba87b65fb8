"""The identity provider: discovery, tokens by code and PKCE, renewal, and what an ID token says."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from portal.settings import Settings

ALGORITHMS = ["RS256", "ES256", "EdDSA", "Ed25519"]
LEEWAY_SECONDS = 10
STAFF = (
    "front_desk",
    "counselor",
    "clinical_lead",
    "site_manager",
    "regional_operations",
    "auditor",
    "operator",
)
"""Whom somebody who logs in may be."""


class ProviderAway(Exception):
    """The identity provider cannot be reached, or answers what it should not."""


class NotLoggedIn(Exception):
    """The provider did not log the person in; the message says why."""


@dataclass(frozen=True)
class Attempt:
    """A log-in under way: what the browser is sent away with, and what it must come back with."""

    verifier: str
    state: str
    nonce: str

    @classmethod
    def new(cls) -> "Attempt":
        """One that nobody can guess."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


class Provider:
    """The identity provider as the portal asks it."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http
        self._found: dict[str, Any] = {}
        self._keys: KeySet | None = None

    @property
    def callback(self) -> str:
        """Where codes are sent to, as the provider has it written."""
        return f"{self._settings.origin}/oidc/callback"

    async def authorization(self, attempt: Attempt, **more: str) -> str:
        """The address that a browser is sent to."""
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client,
            "redirect_uri": self.callback,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            **more,
        }
        return f"{await self._endpoint('authorization_endpoint')}?{urlencode(asked)}"

    async def redeemed(self, code: str, attempt: Attempt) -> dict[str, Any]:
        """A session's content for a code. Raises NotLoggedIn, ProviderAway."""
        tokens = await self._tokens(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.callback,
            code_verifier=attempt.verifier,
        )
        said = await self._checked(tokens.get("id_token", ""), attempt.nonce)
        roles = said.get("role") or []
        known = [role for role in ([roles] if isinstance(roles, str) else roles) if role in STAFF]
        if len(known) != 1:
            raise NotLoggedIn("Your account has no role here, or several: ask who manages it.")
        return {
            **_kept(tokens),
            "id_token": tokens["id_token"],
            "role": known[0],
            "sites": list(said.get("sites") or []),
            "subject": str(said["sub"]),
            "name": str(said.get("name") or said.get("preferred_username") or said["sub"]),
            "csrf": secrets.token_urlsafe(32),
        }

    async def renewed(self, refresh_token: str) -> dict[str, Any]:
        """New tokens for a refresh token, which is spent with it. Raises as `redeemed`."""
        return _kept(await self._tokens(grant_type="refresh_token", refresh_token=refresh_token))

    async def farewell(self, id_token: str) -> str:
        """The address that a browser is sent to in order to be logged out there too."""
        asked = {
            "id_token_hint": id_token,
            "client_id": self._settings.client,
            "post_logout_redirect_uri": f"{self._settings.origin}/",
        }
        return f"{await self._endpoint('end_session_endpoint')}?{urlencode(asked)}"

    async def _tokens(self, **form: str) -> dict[str, Any]:
        url = await self._endpoint("token_endpoint")
        asked = {"client_id": self._settings.client, **form}
        try:
            answer = await self._http.post(url, data=asked)
            told: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            raise ProviderAway from None
        if answer.is_server_error:
            raise ProviderAway
        if answer.is_error or "access_token" not in told:
            raise NotLoggedIn(str(told.get("error_description") or "The log-in was not accepted."))
        return told

    async def _checked(self, token: str, nonce: str) -> dict[str, Any]:
        issuer = self._settings.issuer.rstrip("/")
        claims = jwt.JWTClaimsRegistry(
            now=lambda: int(time.time()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "values": [issuer, f"{issuer}/"]},
            aud={"essential": True, "value": self._settings.client},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        for again in (False, True):
            try:
                said = jwt.decode(token, await self._key_set(again), algorithms=ALGORITHMS).claims
                claims.validate(said)
            except (JoseError, ValueError, TypeError, LookupError):
                continue
            return said
        raise NotLoggedIn("What the identity provider says cannot be trusted.")

    async def _key_set(self, again: bool) -> KeySet:
        if self._keys is None or again:
            url = await self._endpoint("jwks_uri")
            try:
                self._keys = KeySet.import_key_set((await self._http.get(url)).json())
            except (httpx.HTTPError, ValueError, JoseError):
                raise ProviderAway from None
        return self._keys

    async def _endpoint(self, name: str) -> str:
        if name not in self._found:
            issuer = self._settings.issuer.rstrip("/")
            url = self._settings.discovery or f"{issuer}/.well-known/openid-configuration"
            try:
                answer = await self._http.get(url)
                self._found = answer.raise_for_status().json()
            except (httpx.HTTPError, ValueError):
                raise ProviderAway from None
        try:
            return str(self._found[name])
        except LookupError:
            raise ProviderAway from None


def _kept(tokens: dict[str, Any]) -> dict[str, Any]:
    return {
        "access": tokens["access_token"],
        "refresh": tokens.get("refresh_token", ""),
        "good_until": time.time() + float(tokens.get("expires_in", 60)),
    }
