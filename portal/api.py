"""The client of the four public APIs: each operation by its name, as `operations.json` has it.

That file is made from the services' OpenAPI documents (`stepwell contracts`), so that an operation
that is not there, or that takes other parameters, is a mistake of a test and not of a day at work.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import quote

import httpx

from portal.settings import Settings

OPERATIONS: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("operations.json").read_text(encoding="utf-8")
)


NOT_AS_ASKED = "This is not written in the way that is asked for."


class Away(Exception):
    """A service cannot be reached or cannot do its work now."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service


class Refused(Exception):
    """A service refused a request: its status, and its problem in the words of RFC 9457."""

    def __init__(self, service: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{service} {status}")
        self.service = service
        self.status = status
        self.title = str(problem.get("title") or "")
        self.detail = str(problem.get("detail") or "")
        self.errors = {
            str(one.get("pointer", "")).strip("/").replace("/", "."): _in_words(one.get("detail"))
            for one in problem.get("errors") or ()
        }


def _in_words(detail: object) -> str:
    """What is wrong with a field; what only a programmer reads is left out."""
    told = str(detail or "")
    return NOT_AS_ASKED if told.startswith("String should match pattern") else told


class Listed(list[Any]):
    """A page of a list, and where it goes on."""

    next: str | None = None
    total: int | None = None


@dataclass(frozen=True)
class Missing:
    """In place of an answer that a page can do without; it is empty, and says what is not there."""

    service: str
    why: str
    """`away`, or the status."""

    next = None
    total = None

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


class Api:
    """The services, as one person may ask them."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    async def call(
        self,
        name: str,
        token: str,
        values: Mapping[str, Any],
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer of an operation.

        Raises:
            Away: the service cannot be reached, or cannot do its work; what was to be changed may
                have been changed.
            Refused: it will not.
        """
        service = name.partition(".")[0]
        request = self._request(name, token, values, headers, json=body)
        try:
            answer = await self._http.send(request)
        except httpx.HTTPError:
            raise Away(service) from None
        if answer.is_success:
            return _told(answer)
        raise _refusal(service, answer)

    async def stream(
        self,
        name: str,
        token: str,
        values: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer of an operation as it comes, to be closed by the caller. Raises as `call`."""
        service = name.partition(".")[0]
        waits = httpx.Timeout(5.0, read=60.0)
        request = self._request(name, token, values, headers, timeout=waits)
        try:
            answer = await self._http.send(request, stream=True)
            if not answer.is_success:
                await answer.aread()
        except httpx.HTTPError:
            raise Away(service) from None
        if answer.is_success:
            return answer
        await answer.aclose()
        raise _refusal(service, answer)

    def _request(
        self,
        name: str,
        token: str,
        values: Mapping[str, Any],
        headers: Mapping[str, str] | None,
        **more: Any,
    ) -> httpx.Request:
        operation = OPERATIONS[name]
        given = {key: value for key, value in values.items() if value not in (None, "")}
        places = [field for _, field, _, _ in Formatter().parse(operation["path"]) if field]
        path = operation["path"].format(**{p: quote(str(given.pop(p)), safe="") for p in places})
        if unknown := given.keys() - set(operation["query"]):
            raise TypeError(f"{name} takes no {', '.join(sorted(unknown))}")
        return self._http.build_request(
            operation["method"],
            self._settings.base(name.partition(".")[0]) + path,
            params=given,
            headers=httpx.Headers(
                {"Authorization": f"Bearer {token}", **(headers or {})}, encoding="utf-8"
            ),
            **more,
        )


def _refusal(service: str, answer: httpx.Response) -> Away | Refused:
    if answer.status_code >= 500:
        return Away(service)
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    return Refused(service, answer.status_code, problem if isinstance(problem, dict) else {})


def _told(answer: httpx.Response) -> Any:
    if not answer.content:
        return {}
    if "json" not in answer.headers.get("content-type", ""):
        return answer.content
    told = answer.json()
    if isinstance(told, dict) and told.keys() >= {"items", "next"}:
        listed = Listed(told["items"])
        listed.next, listed.total = told["next"], told.get("count")
        return listed
    return told


def may(role: str, name: str) -> bool:
    """Whether a role may call an operation."""
    return role in OPERATIONS[name]["roles"] if name in OPERATIONS else False
