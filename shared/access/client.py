"""The token with which one service calls another, and whom such calls trust."""

import ssl
import time
from functools import cache

import httpx

from shared.settings import Settings

RENEW_BEFORE_SECONDS = 30.0


@cache
def trusted() -> ssl.SSLContext:
    """The certificate authorities of HTTPS calls; loading them holds a process up for 20 ms."""
    return httpx.create_ssl_context()


class ServiceToken:
    """An access token by the client-credentials grant, renewed shortly before it expires."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token = ""
        self._until = 0.0

    async def get(self) -> str:
        """A token that is valid for a while yet.

        Raises:
            httpx.HTTPError: the issuer cannot be reached or refuses.
        """
        if time.monotonic() < self._until:
            return self._token
        async with httpx.AsyncClient(timeout=5.0, verify=trusted()) as http:
            answer = await http.post(
                f"{self._settings.oidc_issuer.rstrip('/')}/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": self._settings.service,
                    "client_secret": self._settings.oidc_client_secret or "",
                    "audience": self._settings.oidc_audience,
                },
            )
            answer.raise_for_status()
        granted = answer.json()
        self._token = granted["access_token"]
        self._until = time.monotonic() + float(granted["expires_in"]) - RENEW_BEFORE_SECONDS
        return self._token
