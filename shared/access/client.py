"""The token with which one service calls another."""

import time

import httpx

from shared.access.issuer import discovered
from shared.authorities import trusted
from shared.settings import Settings

RENEW_BEFORE_SECONDS = 30.0


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
                await self._endpoint(http),
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

    async def _endpoint(self, http: httpx.AsyncClient) -> str:
        try:
            return str((await discovered(http, self._settings))["token_endpoint"])
        except (ValueError, LookupError) as error:
            raise httpx.DecodingError(f"no usable discovery document: {error}") from None
