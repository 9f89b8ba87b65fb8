"""The public documentation: one OpenAPI document a service, and a page that shows it."""

import re
import sys
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from shared.web import docs, examples
from shared.web.audit import CLINICIANS
from shared.web.limits import LimitedRoute
from shared.web.problems import MEDIA_TYPE, Problem, types_of

CONTACT = {"name": "The maintainers of Stepwell"}
LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
PUBLIC = ("/openapi.json", *docs.PATHS)

CREATES = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A new value for each creation; a repetition with it gets the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "5d1c6f0e-0a3f-4c55-9e06-5c1f4f6ad2aa",
}
UPDATES = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag that you read; a list of them, or `*`, where any of these states will "
    "do. Compared strongly: `W/` before an ETag makes it match nothing.",
    "schema": {"type": "string"},
    "example": '"1"',
}
BREAKS_GLASS = {
    "name": "Break-Glass",
    "in": "header",
    "required": False,
    "description": "A clinician's reason for reading a client of another site; it is kept with the "
    "access. Give none where your sites allow the read.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 500},
}
ERRORS = {
    "400": "Malformed JSON, or the Idempotency-Key is missing",
    "401": "No valid access token",
    "403": "The caller's role is not allowed",
    "404": "There is no such thing, or it belongs to a site the caller may not see",
    "409": "The state of things does not allow it",
    "412": "Changed since it was read",
    "413": "The body is too long",
    "415": "The body is not sent as application/json",
    "422": "Something in the request is not acceptable; `errors` says where",
    "428": "If-Match is missing",
    "429": "Too many requests came from the same network; wait as long as Retry-After says",
    "500": "A defect of the service, which has been logged",
    "503": "Temporarily unavailable; `detail` says whether a change may have been made, and how to "
    "repeat the request",
    "504": "It took too long and was given up; `detail` says whether a change may have been made, "
    "and how to repeat the request",
}


def _header(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": schema}


VALUES = frozenset(("example", "examples", "default", "enum", "const"))
"""Below these words stand values, which may have a `title` of their own."""
SECONDS = {"type": "integer", "minimum": 1}
HEADERS = {
    "401": {"WWW-Authenticate": _header("How to authenticate.", {"type": "string"})},
    "429": {"Retry-After": _header("Seconds to wait.", SECONDS)},
    "503": {"Retry-After": _header("Seconds to wait.", SECONDS)},
}
"""What comes with a problem beside its body."""
LOCATION = _header("Where the thing is shown.", {"type": "string", "pattern": "^/"})
ETAG = _header("The version; give it as If-Match.", {"type": "string", "pattern": '^"[0-9]+"$'})


def install(app: FastAPI) -> None:
    """Serve `/docs`; the factory serves `/openapi.json`."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the documented way to extend it
    docs.install(app)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document with access, problems and the common headers on every route."""
    from shared.web.application import allowed_roles

    service = app.state.service
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        contact=CONTACT,
        license_info=LICENSE,
        servers=_servers(app),
        tags=describe_tags(app.routes),
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    problem["properties"]["type"]["enum"] = types_of(service.name)
    components.setdefault("schemas", {}).update(problem.pop("$defs", {}), Problem=problem)
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    for route in app.routes:
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        roles = sorted(allowed_roles(route))
        for method in route.methods or ():
            _complete(document["paths"][route.path_format][method.lower()], method, route, roles)
            _tell_headers(document["paths"][route.path_format][method.lower()], components)
    document = named(document)
    examples.complete(document)
    return document


def _servers(app: FastAPI) -> list[dict[str, Any]]:
    """Where the document comes from, which a browser can reach, and where services find it."""
    settings = app.state.settings
    here = {"url": "/", "description": "The server that this document comes from."}
    known = settings.url_of(settings.service).rstrip("/")
    return [here, {"url": known, "description": "The address that other services use."}]


def describe_tags(routes: Sequence[BaseRoute]) -> list[dict[str, str]]:
    """Each tag with what its router, or its capability, says of itself, as routes are ordered."""
    told: dict[str, list[str]] = {}
    for route in routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            package, _, module = route.endpoint.__module__.rpartition(".")
            described = sys.modules[package if module == "routes" else f"{package}.{module}"]
            about = getattr(route.endpoint, "about", None) or described.__doc__ or ""
            words = " ".join(about.partition("\n\n")[0].split())
            for tag in route.tags:
                if words not in told.setdefault(str(tag), []):
                    told[str(tag)].append(words)
    return [{"name": tag, "description": " ".join(words)} for tag, words in told.items()]


def named(document: dict[str, Any]) -> dict[str, Any]:
    """The document with names of models that make good names of generated classes.

    No two have the same, and none tells where a class is kept: a class whose name another one has
    is to be renamed. A model sent and shown in two forms has the plain name where it is sent
    and `…Shown` where it is shown. Titles are these names, and other parts have none.
    """
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):  # the framework's form of a refusal
        schemas.pop(unused, None)
    new = {name: _model_name(name) for name in schemas}
    for name, schema in schemas.items():
        _untitled(schema)
        schema["title"] = new[name]
    document["components"]["schemas"] = {new[name]: schema for name, schema in schemas.items()}
    _untitled(document["paths"])
    _repoint(document, new)
    return document


def _model_name(name: str) -> str:
    """`Page_Referral_`, as the framework calls a page of referrals, becomes `ReferralPage`."""
    plain = name.removesuffix("-Input").replace("-Output", "Shown")
    return re.sub(r"^([A-Za-z]+)_([A-Za-z]+)_$", r"\2\1", plain)


def _untitled(part: Any) -> None:
    """Take away the titles that the framework made of the names of fields."""
    if isinstance(part, list):
        for one in part:
            _untitled(one)
    elif isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]
        for word, one in part.items():
            if word not in VALUES:
                _untitled(one)


def _repoint(part: Any, new: dict[str, str]) -> None:
    """Let references lead to the new names."""
    if isinstance(part, list):
        for one in part:
            _repoint(one, new)
    elif isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            base, _, name = part["$ref"].rpartition("/")
            part["$ref"] = f"{base}/{new.get(name, name)}"
        for one in part.values():
            _repoint(one, new)


def _complete(operation: dict[str, Any], method: str, route: APIRoute, roles: list[Any]) -> None:
    from shared.web.application import is_open

    creates = method == "POST" and route.status_code == 201
    updates = method in ("PUT", "PATCH") or getattr(route.endpoint, "needs_if_match", False)
    codes = {"422", "500", "503", "504"} if roles or is_open(route) else {"422", "503"}
    if isinstance(route, LimitedRoute):
        codes.add("429")
    if roles:
        operation["security"] = [{"token": []}]
        operation["description"] = (
            f"{operation.get('description', '')}\n\nRoles: {', '.join(roles)}."
        )
        codes |= {"401", "403", "404"}
    else:
        operation["security"] = []
    if roles and method != "GET":
        codes.add("409")
    if "requestBody" in operation:
        codes |= {"400", "413", "415"}
    if creates:
        codes.add("400")
    if creates or updates:
        codes.add("409")
        operation.setdefault("parameters", []).append(CREATES if creates else UPDATES)
    if updates:
        codes |= {"412", "428"}
    if method == "GET" and "client_id" in route.param_convertors and CLINICIANS & set(roles):
        operation.setdefault("parameters", []).append(BREAKS_GLASS)
    for code in sorted(codes):
        operation["responses"][code] = {
            "description": ERRORS[code],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


def _tell_headers(operation: dict[str, Any], components: dict[str, Any]) -> None:
    """Document the headers that clients go by; `shared.web.writes` and `.problems` send them."""
    for code, response in operation["responses"].items():
        headers = dict(HEADERS.get(code, {}))
        if code == "201":
            headers["Location"] = LOCATION
        shown = response.get("content", {}).get("application/json", {}).get("schema", {})
        schema = components["schemas"].get(shown.get("$ref", "").rpartition("/")[2], {})
        if schema.get("properties", {}).get("version", {}).get("type") == "integer":
            headers["ETag"] = ETAG
        if headers:
            response["headers"] = headers
