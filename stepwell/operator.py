"""How an operator's command talks to the services: over HTTP, with a token, to any installation.

Against the local system everything is known. Elsewhere set `STEPWELL_URL_<SERVICE>` for the four
services and `STEPWELL_TOKEN` to an access token with the role `operator` (or
`regional_operations`, which may look but change nothing).
"""

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx

from shared.settings import SERVICES
from stepwell.runtime.environment import load_running
from stepwell.runtime.keys import ALL_SITES, Issuer
from stepwell.runtime.problem import CHECK_FAILED, WRONG_USE, Problem
from stepwell.runtime.state import State

TOKEN = "STEPWELL_TOKEN"  # noqa: S105 - the name of a variable
TIMEOUT_SECONDS = 30.0


class Operator:
    """A client of the four services."""

    def __init__(self, role: str = "operator") -> None:
        """With `role` in the local system; elsewhere the token says the role."""
        token = os.environ.get(TOKEN) or None
        known = dict(os.environ) if token else load_running()
        if token is None:
            issuer = Issuer(known["OIDC_ISSUER"], State.default().issuer_key)
            token = issuer.token(role, [ALL_SITES], subject="operator", seconds=600)
        missing = [s for s in SERVICES if not known.get(f"STEPWELL_URL_{s.upper()}")]
        if missing:
            raise Problem(
                f"Set STEPWELL_URL_{missing[0].upper()} to the address of {missing[0]}.",
                exit_code=WRONG_USE,
            )
        self._urls = {s: known[f"STEPWELL_URL_{s.upper()}"].rstrip("/") for s in SERVICES}
        self._http = httpx.Client(
            timeout=TIMEOUT_SECONDS, headers={"Authorization": f"Bearer {token}"}
        )

    def get(self, service: str, path: str, **params: Any) -> Any:
        """The JSON that the service answers. Raises Problem when it refuses or is not there."""
        return self._ask("GET", service, path, params, None)

    def post(self, service: str, path: str, body: Any = None, **params: Any) -> Any:
        """The JSON that the service answers. Raises Problem when it refuses or is not there."""
        return self._ask("POST", service, path, params, body)

    def create(self, service: str, path: str, body: Any) -> Any:
        """The JSON of what the service made, once. Raises Problem as `post` does."""
        return self._ask("POST", service, path, {}, body, {"Idempotency-Key": str(uuid4())})

    def pages(self, service: str, path: str, **params: Any) -> Iterator[Any]:
        """All items of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.get(service, path, cursor=cursor, **params)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def _ask(
        self,
        method: str,
        service: str,
        path: str,
        params: Any,
        body: Any,
        headers: dict[str, str] | None = None,
    ) -> Any:
        given = {name: value for name, value in params.items() if value is not None}
        try:
            answer = self._http.request(
                method, f"{self._urls[service]}{path}", params=given, json=body, headers=headers
            )
        except httpx.HTTPError as error:
            raise Problem(
                f"{service} does not answer at {self._urls[service]} ({type(error).__name__}): "
                "start it with `make up`, or look into its log."
            ) from None
        if answer.is_success:
            return answer.json()
        raise Problem(_refusal(service, answer), exit_code=CHECK_FAILED)


def _refusal(service: str, answer: httpx.Response) -> str:
    try:
        told = answer.json()
        reason = f"{told['title']}: {told.get('detail', '')}".strip(": ")
    except (ValueError, KeyError, TypeError):
        reason = answer.reason_phrase
    return f"{service} refused ({answer.status_code}). {reason}"
