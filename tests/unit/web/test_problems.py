"""Every error is problem+json and repeats nothing of what was sent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import httpx
import orjson
import pytest
from fastapi import APIRouter, Depends, Request, Response
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Discriminator, Field, field_validator

from shared.access import Role
from shared.errors import Conflict, NotFound
from shared.service import Service
from shared.web import Allowed, Call, Instant, Page, Paging, Shown, Strict, page_of
from shared.web.models import BadCursor, encode_cursor, read_cursor, sequence_number
from shared.web.problems import body_of, pointer_of
from tests.support.apis import app_of, caller

NO_CURSORS = [
    *("x", "é", "ж", "AAAA", "=" * 9, "🜁", "MDAw\u0660", "", "a b", "%ff", "\0"),
    encode_cursor("no id"),
    encode_cursor(str(UUID(int=5))) + "=",
    encode_cursor(f"{{{UUID(int=5)}}}"),
    encode_cursor(UUID(int=5).hex),
    encode_cursor(str(UUID(int=0xABC)).upper()),
]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
MANAGER = Annotated[Call, Allowed(Role.SITE_MANAGER)]
router = APIRouter()


class Cat(Strict):
    kind: Literal["cat"]


class Dog(Strict):
    kind: Literal["dog"]


class Zone(Strict):
    name: str

    @field_validator("name")
    @classmethod
    def known(cls, value: str) -> str:
        raise ValueError(f"{value} is not a zone.")


class Body(Strict):
    id: UUID
    pet: Annotated[Cat | Dog, Discriminator("kind")] | None = None
    zones: list[Zone] = Field(default_factory=list)
    at: Instant | None = None
    a_b: int = Field(1, alias="a/b~c")


class Told(Shown):
    at: Instant
    version: int = 3


class SeatTaken(Conflict):
    title = "Seat taken"


@router.post("/things")
async def take(body: Body, caller: MANAGER) -> Told:
    return Told(at=body.at or datetime(2026, 3, 2, 7, 30, tzinfo=UTC))


@router.put("/things/{thing_id}")
async def change(thing_id: UUID, request: Request, caller: MANAGER) -> Response:
    return await caller.update(lambda tx, expected: _never())


async def _never() -> Told:
    raise AssertionError


@router.get("/things")
async def tell(caller: MANAGER, response: Response) -> Told:
    response.headers["etag"] = '"3"'
    return Told(at=datetime(2026, 3, 2, 7, 30, 0, 250_000, tzinfo=UTC))


@router.get("/pages")
async def list_pages(caller: MANAGER, paging: Annotated[Paging, Depends()]) -> Page[Told]:
    told = Told(at=datetime(2026, 3, 2, tzinfo=UTC))
    return page_of([told] * 3, paging.limit, key=lambda _: UUID(int=5))


@router.api_route("/fail/{how}", methods=["GET", "POST", "PUT", "DELETE"])
async def fail(how: str, caller: MANAGER) -> None:
    if how == "slowly":
        await asyncio.sleep(5)
    if how == "half-in-model":
        Dog.model_construct(kind="\ud800").model_dump_json(warnings=False)
    if how == "half-in-bytes":
        "\ud800".encode()
    if how == "no-json":
        Dog.model_construct(kind=object()).model_dump_json(warnings=False)
    raise {
        "missing": NotFound("There is no such thing."),
        "conflict": SeatTaken("The seat is taken.", pointer="/seat"),
        "database": ConnectionRefusedError(),
        "null": asyncpg.CharacterNotInRepertoireError(),
        "defect": RuntimeError("secret"),
    }[how]


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    service = Service("intake", "Things", "", routers=[router])
    app = app_of(service, max_body_bytes=2_000, request_timeout=0.1)
    async with caller(app, "site_manager") as client:
        client.headers["traceparent"] = f"00-{TRACE}-00f067aa0ba902b7-00"
        yield client


def problem_of(answer: httpx.Response, status: int, slug: str) -> dict[str, object]:
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    document: dict[str, object] = answer.json()
    assert (document["status"], document["type"]) == (status, f"/problems/{slug}")
    assert document["title"]
    assert document["detail"]
    assert document["trace_id"] == TRACE
    return document


@pytest.mark.parametrize(
    ("address", "status", "slug"),
    [
        ("/nowhere", 404, "not-found"),
        ("/things/", 404, "not-found"),
        ("/fail/missing", 404, "not-found"),
        ("/fail/conflict", 409, "seat-taken"),
        ("/fail/null", 422, "unusable-value"),
        ("/fail/half-in-model", 422, "unusable-value"),
        ("/fail/half-in-bytes", 422, "unusable-value"),
        ("/fail/no-json", 500, "internal-error"),
        ("/fail/defect", 500, "internal-error"),
        ("/fail/database", 503, "service-unavailable"),
        ("/fail/slowly", 504, "request-timeout"),
    ],
)
async def test_every_error_is_a_problem_with_its_trace(api, address, status, slug):
    answer = await api.get(address)
    problem_of(answer, status, slug)
    assert "secret" not in answer.text
    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)


async def test_a_refusal_points_to_the_field(api):
    document = problem_of(await api.get("/fail/conflict"), 409, "seat-taken")
    assert document["errors"] == [{"pointer": "/seat", "detail": "The seat is taken."}]


async def test_another_method_is_refused_naming_all_that_are_taken(api):
    for method in ("DELETE", "OPTIONS"):
        answer = await api.request(method, "/things")
        problem_of(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_head_is_answered_as_get(api):
    head, get = await api.head("/things"), await api.get("/things")
    assert head.status_code == 200
    assert head.headers["etag"] == get.headers["etag"] == '"3"'


async def test_answers_are_not_stored_by_caches(api):
    answer = await api.get("/things")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["at"] == "2026-03-02T07:30:00.250000Z"


async def test_another_media_type_and_broken_json_are_told_apart(api):
    as_text = await api.post("/things", content="<x/>", headers={"content-type": "text/xml"})
    problem_of(as_text, 415, "unsupported-media-type")
    broken = await api.post("/things", content="{", headers={"content-type": "application/json"})
    problem_of(broken, 400, "malformed-json")


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
async def test_a_body_that_is_too_long_is_refused_however_it_is_sent(api, announced):
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 100

    answer = await api.post(
        "/things",
        content=b" " * 3_000 if announced else chunks(),
        headers={"content-type": "application/json"},
    )
    problem_of(answer, 413, "body-too-large")


async def test_errors_are_pointed_to_and_values_are_not_repeated(api):
    answer = await api.post(
        "/things",
        json={
            "id": "zzzz-secret",
            "pet": {"kind": "secret"},
            "zones": [{"name": "secret"}],
            "a/b~c": "secret",
            "more": "secret",
        },
    )
    document = problem_of(answer, 422, "invalid-request")
    assert "secret" not in answer.text
    pointers = {error["pointer"] for error in document["errors"]}  # type: ignore[attr-defined]
    assert pointers == {"/id", "/pet", "/zones/0/name", "/a~1b~0c", "/more"}


@given(st.text(st.characters(exclude_categories=())))
@example("\ud800")
def test_any_name_of_a_field_can_be_pointed_to(name: str):
    errors = [{"pointer": pointer_of(("body", name)), "detail": "Field required"}]
    document = orjson.loads(body_of(422, "invalid-request", "Invalid request", "-", errors))
    writable = errors[0]["pointer"].encode("utf-8", "replace").decode()
    assert document["errors"][0]["pointer"] == writable


@pytest.mark.parametrize(
    "instant",
    [
        1772436600,
        "1772436600",
        "2026-03-02",
        "2026-03-02T07:30:00",
        "9999-12-31T23:00:00-12:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
async def test_an_instant_has_a_date_a_time_and_an_offset(api, instant):
    document = problem_of(
        await api.post("/things", json={"id": str(UUID(int=1)), "at": instant}),
        422,
        "invalid-request",
    )
    assert document["errors"][0]["pointer"] == "/at"  # type: ignore[index]


async def test_an_instant_of_any_offset_is_shown_in_utc(api):
    sent = {"id": str(UUID(int=1)), "at": "2026-03-02T00:30:00-07:00"}
    assert (await api.post("/things", json=sent)).json()["at"] == "2026-03-02T07:30:00Z"


@pytest.mark.parametrize("given", [None, "", " ", ",", " , ,"])
async def test_a_change_names_the_states_that_it_is_made_to(api, given):
    headers = {} if given is None else {"If-Match": given}
    answer = await api.put(f"/things/{UUID(int=1)}", headers=headers)
    problem_of(answer, 428, "precondition-required")


async def test_pages_go_on_by_a_cursor_of_their_own(api):
    page = (await api.get("/pages", params={"limit": 2})).json()
    assert len(page["items"]) == 2
    assert (await api.get("/pages", params={"cursor": page["next"]})).json()["next"] is None


@pytest.mark.parametrize("cursor", NO_CURSORS)
async def test_a_cursor_of_something_else_is_refused(api, cursor):
    document = problem_of(await api.get("/pages", params={"cursor": cursor}), 422, "bad-cursor")
    assert [error["pointer"] for error in document["errors"]] == ["cursor"]  # type: ignore[attr-defined]


@given(st.text(st.characters(exclude_categories=()), max_size=40))
@example("é")
@example("\ud800")
@example("MjAyNg\N{FULLWIDTH DIGIT ONE}")
def test_no_text_is_a_cursor_but_one_that_was_given_out(text: str):
    """Whatever is decoded from it: an id, a number, or a place of two parts."""
    for read, write in ((str, str), (UUID, str), (sequence_number, str)):
        try:
            position = read_cursor(text, read, write)
        except BadCursor:
            continue
        assert encode_cursor(write(position)) == text


@given(st.integers(0, 2**63 - 1), st.uuids())
def test_a_cursor_leads_to_where_it_was_given_out(number: int, id_: UUID):
    assert read_cursor(encode_cursor(str(number)), sequence_number) == number
    assert read_cursor(encode_cursor(str(id_)), UUID) == id_


@pytest.mark.parametrize(
    "number", ["-1", str(2**63), "1" * 60, "01", "+1", " 1", "1_0", "\u0661", ""]
)
def test_a_cursor_holds_a_number_in_the_one_way_in_which_it_is_written(number: str):
    with pytest.raises(BadCursor):
        read_cursor(encode_cursor(number), sequence_number)


IN_WORDS = {
    "GET": ({}, "Nothing was changed: repeat the request."),
    "POST": ({"Idempotency-Key": "k"}, "may have been made: repeat the request with the same Idem"),
    "PUT": ({"If-Match": '"1"'}, "may have been made: repeat the request with the same If-Match."),
    "DELETE": ({}, "may have been made: look whether it was before you repeat the request."),
}


@pytest.mark.parametrize(("how", "status"), [("database", 503), ("slowly", 504)])
@pytest.mark.parametrize("method", IN_WORDS)
async def test_who_does_not_know_the_end_is_told_how_to_repeat_it(api, how, status, method):
    headers, words = IN_WORDS[method]
    answer = await api.request(method, f"/fail/{how}", headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("limit", ["0", "201", "x"])
async def test_a_page_has_a_limited_length(api, limit):
    problem_of(await api.get("/pages", params={"limit": limit}), 422, "invalid-request")
