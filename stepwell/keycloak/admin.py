"""Keycloak's admin API, asked as a client of the realm `master` that may administrate."""

import time
from typing import Any

import httpx

from stepwell.runtime.problem import CHECK_FAILED, Problem

TIMEOUT_SECONDS = 60.0
TOKEN_SECONDS = 30.0
"""Half of what a token of the realm `master` lasts."""


class Admin:
    """One realm of a Keycloak. Paths are below `/admin/realms/<realm>`.

    Every method raises Problem when Keycloak refuses or does not answer.
    """

    def __init__(self, url: str, realm: str, client: str, secret: str) -> None:
        self.url = url.rstrip("/")
        self._realm = realm
        self._client = client
        self._secret = secret
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS)
        self._token = ""
        self._until = 0.0

    def create(self, document: Any) -> None:
        """Make the realm."""
        self._send("POST", f"{self.url}/admin/realms", json=document)

    def find(self, path: str = "") -> Any:
        """What is there; None when it is not."""
        answer = self._send("GET", self._at(path), missing=True)
        return None if answer.status_code == 404 else answer.json()

    def get(self, path: str, **params: str) -> Any:
        """What is there."""
        return self._send("GET", self._at(path), params=params).json()

    def post(self, path: str, body: Any) -> None:
        """Add something."""
        self._send("POST", self._at(path), json=body)

    def put(self, path: str, body: Any = None) -> None:
        """Replace something."""
        self._send("PUT", self._at(path), json=body)

    def delete(self, path: str, body: Any = None) -> None:
        """Take something away."""
        self._send("DELETE", self._at(path), json=body)

    def _at(self, path: str) -> str:
        return f"{self.url}/admin/realms/{self._realm}{path}"

    def _send(self, method: str, url: str, *, missing: bool = False, **more: Any) -> httpx.Response:
        answer = self._ask(
            method, url, headers={"Authorization": f"Bearer {self._bearer()}"}, **more
        )
        if answer.is_success or (missing and answer.status_code == 404):
            return answer
        raise Problem(
            f"Keycloak answered {answer.status_code} to {method} {url}: {_why(answer)}.",
            exit_code=CHECK_FAILED,
        )

    def _bearer(self) -> str:
        if time.monotonic() >= self._until:
            answer = self._ask(
                "POST",
                f"{self.url}/realms/master/protocol/openid-connect/token",
                data={"grant_type": "client_credentials"},
                auth=(self._client, self._secret),
            )
            if not answer.is_success:
                raise Problem(
                    f"Keycloak does not take the client {self._client} of the realm master "
                    f"({_why(answer)}): set KEYCLOAK_ADMIN_CLIENT and KEYCLOAK_ADMIN_SECRET_FILE "
                    "to one that may administrate.",
                    exit_code=CHECK_FAILED,
                )
            self._token = answer.json()["access_token"]
            self._until = time.monotonic() + TOKEN_SECONDS
        return self._token

    def _ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        try:
            return self._http.request(method, url, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Problem(
                f"Keycloak does not answer at {self.url} ({type(error).__name__}): start it, or "
                "set KEYCLOAK_URL to its address."
            ) from None


def _why(answer: httpx.Response) -> str:
    try:
        told = answer.json()
        found = told.get("error_description") or told.get("errorMessage") or told.get("error")
    except (ValueError, AttributeError):
        found = None
    return str(found or answer.reason_phrase)[:300].rstrip(".")
