"""The one place where a refusal becomes problem+json (RFC 9457)."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, ClassVar

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from pydantic import BaseModel, Field
from pydantic_core import PydanticSerializationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Scope

from shared.database.pool import MISSING
from shared.errors import Conflict, Invalid, Refused

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "1"


class PreconditionRequired(Refused, title="If-Match needed"):
    """An update without If-Match."""

    status = 428


class IdempotencyKeyNeeded(Refused, title="Idempotency-Key needed"):
    """A creation without a usable Idempotency-Key."""

    status = 400


class IdempotencyKeyReused(Invalid, title="Idempotency-Key used for another request"):
    """The key was used before, for another request."""


class Busy(Conflict, title="Too many changes at once"):
    """Others changed the same things at the same time, again and again."""

    status = 503


class FieldProblem(BaseModel):
    """One thing that is wrong in the request."""

    pointer: str = Field(
        description="Where: a JSON pointer into the body, which is empty or begins with a slash, "
        "or the name of a parameter or header.",
        examples=["/person/birth_date"],
    )
    detail: str = Field(
        description="What is wrong, without the value.", examples=["Field required"]
    )


class Problem(BaseModel):
    """Why the request was not carried out (RFC 9457)."""

    type: str = Field(examples=["/problems/stale-version"])
    title: str = Field(examples=["Changed since you read it"])
    status: int = Field(examples=[412])
    detail: str = Field(examples=["It changed since you read it: read it again."])
    errors: list[FieldProblem] | None = Field(default=None, description="Per field, if known.")
    trace_id: str | None = Field(default=None, description="Trace of this request.")

    MEDIA: ClassVar[str] = MEDIA_TYPE


def body_of(
    status: int,
    slug: str,
    title: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
) -> bytes:
    """The problem document as bytes."""
    document: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = errors
    span_context = trace.get_current_span().get_span_context()
    if span_context.is_valid:
        document["trace_id"] = f"{span_context.trace_id:032x}"
    # A pointer may hold half of a surrogate pair, which JSON can escape and UTF-8 cannot write.
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def problem(
    status: int,
    slug: str,
    title: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem+json answer."""
    extra = dict(headers or {})
    if status == 401:
        extra.setdefault("WWW-Authenticate", 'Bearer realm="stepwell"')
    if status == 503:
        extra.setdefault("Retry-After", RETRY_AFTER_SECONDS)
    return Response(
        body_of(status, slug, title, detail, errors),
        status_code=status,
        headers=extra,
        media_type=MEDIA_TYPE,
    )


def refusals(told: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """What a route documents beside what every route answers: a status and what it means."""
    body = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": says, "content": body} for status, says in told.items()}


def types_of(service: str) -> list[str]:
    """Every problem type that a service answers with, by the refusals that it has loaded."""
    ours = ("shared.", f"services.{service}.")
    found = {kind.slug() for kind in _kinds(Refused) if f"{kind.__module__}.".startswith(ours)}
    return sorted(f"/problems/{slug}" for slug in found | set(OTHER_SLUGS))


def _kinds(kind: type[Refused]) -> Iterator[type[Refused]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


def of_refusal(refused: Refused) -> Response:
    """The answer to a refusal of the domain."""
    errors = None
    if refused.pointer is not None:
        errors = [{"pointer": refused.pointer, "detail": refused.detail}]
    return problem(
        refused.status,
        refused.slug(),
        refused.title,
        refused.detail,
        errors=errors,
        headers=refused.headers,
    )


def pointer_of(location: tuple[int | str, ...]) -> str:
    """A JSON pointer into the body (RFC 6901), or the name of a parameter or header."""
    if location and location[0] == "body":
        return "".join(
            "/" + str(part).replace("~", "~0").replace("/", "~1") for part in location[1:]
        )
    return str((location[1:] or location)[0])


OTHER_SLUGS = (
    "body-too-large",
    "internal-error",
    "invalid-request",
    "malformed-json",
    "method-not-allowed",
    "not-found",
    "not-ready",
    "request-refused",
    "request-timeout",
    "service-unavailable",
    "unreadable-body",
    "unsupported-media-type",
    "unusable-value",
)
"""Types of problems that are no refusal of the domain; a test looks for any that is missing."""
HTTP_PROBLEMS = {
    400: ("unreadable-body", "Unreadable body", "The body cannot be read as JSON."),
    404: ("not-found", "Not found", "There is nothing at this address."),
    405: ("method-not-allowed", "Method not allowed", "This address does not take this method."),
    413: ("body-too-large", "Body too large", "The body is longer than this address takes."),
}
NO_JSON = ("unsupported-media-type", "Unsupported media type", "Send application/json.")
VALUES_IN_MESSAGES = {
    "union_tag_invalid": "Input should be one of the kinds that are documented",
    "uuid_parsing": "Input should be a valid UUID",
}
"""What is said in place of pydantic's messages that repeat the input."""
SHORTEST_REPEATED = 3
UNUSABLE = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.DatetimeFieldOverflowError,
)
SAID_OF_UNUSABLE = re.compile(r"(\(value out of \w+ range\)|surrogates not allowed)\Z")
"""How asyncpg ends what it says of a number that an argument's type cannot hold, and everybody what
they say of half a pair of surrogates, which JSON can escape and UTF-8 cannot write."""


UNWRITABLE = (asyncpg.DataError, UnicodeEncodeError, PydanticSerializationError)
"""What may be raised for such a value, on its way to the database or into JSON."""


async def on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return of_refusal(error)


async def on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = error.errors()
    if any(e["type"] == "json_invalid" for e in wrong):
        return problem(400, "malformed-json", "Malformed JSON", "The body is not valid JSON.")
    if any(isinstance(e.get("input"), bytes) and tuple(e["loc"]) == ("body",) for e in wrong):
        return problem(415, *NO_JSON)
    return problem(
        422,
        "invalid-request",
        "Invalid request",
        "Some parts of the request are not acceptable; see `errors`.",
        errors=[
            {"pointer": pointer_of(tuple(e["loc"])), "detail": without_value(e)} for e in wrong
        ],
    )


def without_value(error: Mapping[str, Any]) -> str:
    """What is wrong, never repeating what was sent: answers end up in logs of others."""
    if error["type"] in VALUES_IN_MESSAGES:
        return VALUES_IN_MESSAGES[error["type"]]
    message = str(error["msg"])
    if error["type"] in ("value_error", "assertion_error") and "error" in error.get("ctx", {}):
        message = str(error["ctx"]["error"])
    given = error.get("input")
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        text = str(given).casefold()
        if len(text) >= SHORTEST_REPEATED and text in message.casefold():
            return "Not acceptable"
    return message


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slug, title, detail = HTTP_PROBLEMS.get(
        error.status_code, ("request-refused", "Request refused", "The request was refused.")
    )
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem(error.status_code, slug, title, detail, headers=headers)


def _methods_at(request: Request) -> list[str]:
    """The methods of all routes at the request's address, and not of the first one only."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


async def on_unusable_value(request: Request, error: Exception) -> Response:
    """A value that passed the schema and that the database cannot hold, such as a null character.

    Other faulty data, such as an argument of the wrong type, are a defect and not the caller's
    fault.
    """
    if not isinstance(error, UNUSABLE) and not SAID_OF_UNUSABLE.search(str(error)):
        return await on_defect(request, error)
    return problem(
        422,
        "unusable-value",
        "A value cannot be used",
        "Some text holds characters that cannot be stored, or a number is out of range.",
    )


def what_may_have_happened(scope: Scope) -> str:
    """What to make of a request whose end is not known, and how to repeat it without harm.

    A connection may be lost, or time be up, between a commit and its confirmation.
    """
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return "Nothing was changed: repeat the request."
    sent = {name for name, _ in scope["headers"]}
    if b"idempotency-key" in sent:
        return (
            "The change may have been made: repeat the request with the same Idempotency-Key, and "
            "it is made once."
        )
    if b"if-match" in sent:
        return (
            "The change may have been made: repeat the request with the same If-Match. If the "
            "answer is 412, it was made, or somebody else changed it: read it again."
        )
    return "The change may have been made: look whether it was before you repeat the request."


async def on_missing_database(request: Request, error: Exception) -> Response:
    log.warning("database_unavailable", error=type(error).__name__)
    return problem(
        503,
        "service-unavailable",
        "Temporarily unavailable",
        f"The database cannot be reached. {what_may_have_happened(request.scope)}",
    )


async def on_defect(request: Request, error: Exception) -> Response:
    log.error("request_failed", exc_info=error)
    return problem(
        500, "internal-error", "Internal error", "Something is wrong here; it has been logged."
    )


def install(app: FastAPI) -> None:
    """Answer every error of `app` with problem+json."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        Refused: on_refusal,
        RequestValidationError: on_validation_error,
        HTTPException: on_http_exception,
        asyncpg.InsufficientResourcesError: on_missing_database,
        **dict.fromkeys(UNWRITABLE, on_unusable_value),
        **dict.fromkeys(MISSING, on_missing_database),
        Exception: on_defect,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
