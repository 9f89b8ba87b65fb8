"""What the issuer says of itself: the discovery document."""

from typing import Any

import httpx

from shared.settings import Settings


async def fetched(http: httpx.AsyncClient, url: str) -> Any:
    """The JSON at `url`. Raises httpx.HTTPError, or ValueError when it is none."""
    answer = await http.get(url)
    answer.raise_for_status()
    return answer.json()


async def discovered(http: httpx.AsyncClient, settings: Settings) -> dict[str, Any]:
    """The issuer's discovery document (OpenID Connect Discovery 1.0, 4).

    Raises:
        httpx.HTTPError: it cannot be had.
        ValueError: it is no such document, or another issuer's.
    """
    issuer = settings.oidc_issuer.rstrip("/")
    url = settings.oidc_discovery_url or f"{issuer}/.well-known/openid-configuration"
    found = await fetched(http, url)
    if not isinstance(found, dict) or str(found.get("issuer")).rstrip("/") != issuer:
        raise ValueError("the document is another issuer's")
    return found
