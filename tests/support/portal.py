"""The portal without services: each answer is made from its operation's schema, with hostile text
wherever there may be any."""

import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from portal.api import OPERATIONS
from portal.app import application
from portal.settings import Settings
from portal.views.registry import VIEWS, View
from tests.support.apis import APPS

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
ID = "019c8a95-d080-707f-9865-5ce894763d53"
INSTANT = "2026-03-01T18:00:00Z"
EVENT = b"id: 8\nevent: board\ndata: {}\n\n"
FILE = b"stay,level"
OF_FILE = {"content-type": "text/csv", "content-disposition": 'attachment; filename="stays.csv"'}
INSTANTS = ("_at", "until", "_from", "at", "acknowledge_by", "since", "before", "as_of")
ROLES = ("counselor", "clinical_lead", "front_desk", "site_manager", "regional_operations")
ROLES += ("auditor", "operator")
LATER = {
    *("outcomes.show_board", "outcomes.list_board_figure"),
    *("outcomes.show_course", "outcomes.show_chart"),
} - OPERATIONS.keys()


NULL = {"type": "null"}


def made(
    schema: dict[str, Any], schemas: dict[str, Any], name: str = "", *, nulls: bool = False
) -> Any:
    """A value of a schema: everything is there, or what may be null is, and text is hostile."""
    if "$ref" in schema:
        return made(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, nulls=nulls)
    if kinds := schema.get("anyOf") or schema.get("oneOf"):
        if nulls and NULL in kinds:
            return None
        kind = next(k for k in kinds if k.get("type") != "null")
        return made(kind, schemas, name, nulls=nulls)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if kind == "array":
        return [made(schema.get("items", {}), schemas, name, nulls=nulls)]
    if kind == "object" or "properties" in schema:
        if "properties" not in schema:
            below = schema.get("additionalProperties")
            of_it = below if isinstance(below, dict) else {}
            return {HOSTILE: made(of_it, schemas, nulls=nulls)}
        fields = schema["properties"].items()
        return {key: made(one, schemas, key, nulls=nulls) for key, one in fields}
    if kind in ("integer", "number"):
        return 3
    if kind == "boolean":
        return False
    if schema.get("format") == "uuid":
        return ID
    if name == "time_zone":
        return "America/Denver"
    if name == "local_start":
        return "17:30:00"
    if schema.get("format") == "date":
        return "2026-03-02"
    return INSTANT if name.endswith(INSTANTS) else HOSTILE


class Services:
    """Answers of all services, by their documents."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away: str | None = None
        self.nulls = False
        self.stream = 200
        self.followed: list[str | None] = []
        self.reasons: list[bytes] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        """Status and JSON of an operation, in place of what is made."""
        self._routes = [
            (
                name,
                operation["method"],
                re.compile(re.sub(r"\{\w+\}", "[^/]+", operation["path"])),
            )
            for name, operation in OPERATIONS.items()
        ]

    async def answer(self, request: httpx.Request) -> httpx.Response:
        service = {1: "intake", 2: "scheduling", 3: "notifications", 4: "outcomes"}[
            (request.url.port or 0) - 8000
        ]
        if service == self.away:
            raise httpx.ConnectError("away")
        if request.url.path == "/board/events":
            self.followed.append(request.headers.get("last-event-id"))
            return httpx.Response(self.stream, stream=httpx.ByteStream(EVENT))
        name = next(
            name
            for name, method, path in self._routes
            if name.startswith(f"{service}.")
            and method == request.method
            and path.fullmatch(request.url.path)
        )
        self.asked.append(name)
        self.reasons += [value for key, value in request.headers.raw if key == b"Break-Glass"]
        if name in self.answers:
            status, told = self.answers[name]
            return httpx.Response(status, json=told)
        described = APPS[service].openapi()
        operation = described["paths"][OPERATIONS[name]["path"]][request.method.lower()]
        ok = next(one for code, one in operation["responses"].items() if code.startswith("2"))
        if "application/json" not in ok["content"]:
            return httpx.Response(200, stream=httpx.ByteStream(FILE), headers=OF_FILE)
        schema = ok["content"]["application/json"]["schema"]
        schemas = described["components"]["schemas"]
        return httpx.Response(200, json=made(schema, schemas, nulls=self.nulls))


class Found(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.pictures: list[str] = []
        self.fields: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag == "img":
            self.pictures.append(dict(attrs).get("src") or "")
        if tag == "input":
            self.fields.append(dict(attrs))


class Portal:
    """The portal, with somebody logged in."""

    def __init__(self, role: str) -> None:
        self.services = Services()
        behind = httpx.AsyncClient(transport=httpx.MockTransport(self.services.answer))
        self.app = application(Settings(issuer="http://127.0.0.1:9"), behind)
        self.secret = self.app.state.sessions.begin(
            {
                "access": "a",
                "refresh": "b",
                "id_token": "c",
                "good_until": time.time() + 999,
                "role": role,
                "sites": ["*"],
                "subject": "s",
                "name": HOSTILE,
                "csrf": "form",
                "site": ID,
            }
        )
        self.browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://127.0.0.1:8000",
            cookies={"stepwell-8000": self.secret},
        )


def address(view: View) -> str:
    """An address that a view answers at."""
    return re.sub(r"\{(\w+)\}", lambda m: ID if m[1].endswith("_id") else "census", view.path)


def pages() -> Iterator[Any]:
    for view in VIEWS:
        if view.needs in LATER or (view.template == "referrals.html" and "{" in view.path):
            continue
        for role in ROLES:
            if role in OPERATIONS[view.needs]["roles"]:
                yield pytest.param(view, role, id=f"{view.path}-{role}")
