"""Creating and changing over HTTP against a real database: once, or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Request, Response

from shared.access import Role
from shared.contracts.scheduling import SiteOpened
from shared.database import Database, Sites, Transaction
from shared.errors import Conflict, require_version
from shared.messaging.outbox import publish
from shared.service import Service
from shared.web import Allowed, Call, Shown, Strict
from stepwell.runtime.disposable import Stack
from stepwell.runtime.roles import owner
from tests.support.apis import app_of, caller

STAFF = Annotated[Call, Allowed(Role.SITE_MANAGER)]
router = APIRouter()
failures: list[Exception] = []


class NewThing(Strict):
    name: str
    seconds: float = 0


class Thing(Shown):
    id: UUID
    name: str
    version: int


class NameTaken(Conflict):
    title = "Name taken"


async def make(tx: Transaction, body: NewThing) -> Thing:
    if await tx.fetchval("SELECT true FROM things WHERE name = $1", body.name):
        raise NameTaken("There is one of this name.")
    thing = Thing(id=uuid4(), name=body.name, version=1)
    await tx.execute("INSERT INTO things VALUES ($1, $2, 1)", thing.id, body.name)
    publish(
        tx,
        SiteOpened(site_id=thing.id, time_zone="America/Denver", opened_at=tx.now),
    )
    await tx.execute("SELECT pg_sleep($1)", body.seconds)
    if failures:
        raise failures.pop()
    return thing


@router.post("/things", status_code=201)
async def make_thing(body: NewThing, request: Request, caller: STAFF) -> Response:
    return await caller.create(
        lambda tx: make(tx, body), location=lambda made: f"/things/{made.id}"
    )


@router.put("/things/{name}")
async def rename(name: str, body: NewThing, request: Request, caller: STAFF) -> Response:
    async def command(tx: Transaction, expected: int) -> Thing:
        row = await tx.fetchrow("SELECT * FROM things WHERE name = $1 FOR UPDATE", name)
        assert row is not None
        require_version(row["version"], expected)
        if failures:
            raise failures.pop()
        version = await tx.fetchval(
            "UPDATE things SET name = $2, version = version + 1 WHERE id = $1 RETURNING version",
            row["id"],
            body.name,
        )
        return Thing(id=row["id"], name=body.name, version=version)

    return await caller.update(command)


class Things:
    """The API, and its database seen from the side."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self.http = http
        self.url = url

    async def post(self, key: str | None = None, **body: object) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key.encode("latin-1")}
        return await self.http.post("/things", json=body, headers=headers)

    async def change(self, name: str, new: str, *if_match: str) -> httpx.Response:
        headers = [("If-Match", tag.encode("latin-1")) for tag in if_match]
        return await self.http.put(f"/things/{name}", json={"name": new}, headers=headers)

    async def counted(self) -> tuple[int, int]:
        """Things, and events to publish."""
        connection = await asyncpg.connect(self.url)
        try:
            return (
                await connection.fetchval("SELECT count(*) FROM things"),
                await connection.fetchval("SELECT count(*) FROM platform.outbox"),
            )
        finally:
            await connection.close()


@pytest.fixture
async def things(stack: Stack) -> AsyncIterator[Things]:
    url = await stack.database("scheduling")
    name = url.rpartition("/")[2].partition("?")[0]
    as_owner = await asyncpg.connect(stack.url(name, owner("scheduling")))
    await as_owner.execute("CREATE TABLE things (id uuid, name text UNIQUE, version int)")
    await as_owner.close()
    service = Service("scheduling", "Things", "", routers=[router])
    app = app_of(service, database_url=url, request_timeout=0.8)
    app.state.database = database = Database(url, size=6)
    await database.open()
    failures.clear()
    async with caller(app, "site_manager") as http:
        yield Things(http, url)
    await database.close()


async def test_a_creation_needs_a_key(things: Things):
    for key in (None, "", "k" * 256):
        answer = await things.post(key, name="a")
        assert (answer.status_code, answer.json()["type"]) == (
            400,
            "/problems/idempotency-key-needed",
        )
    assert await things.counted() == (0, 0)


async def test_a_repetition_gets_the_first_answer_and_does_nothing(things: Things):
    first = await things.post("k", name="a")
    again = await things.post("k", name="a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    for name in ("location", "etag", "content-type"):
        assert first.headers[name] == again.headers[name]
    assert again.headers["idempotency-replayed"] == "true"
    assert await things.counted() == (1, 1)


async def test_the_same_key_with_another_body_is_refused(things: Things):
    await things.post("k", name="a")
    answer = await things.post("k", name="b")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert await things.counted() == (1, 1)


async def test_a_refused_creation_may_be_repeated_under_its_key(things: Things):
    await things.post("k", name="a")
    assert (await things.post("l", name="a")).json()["type"] == "/problems/name-taken"
    assert (await things.post("l", name="b")).status_code == 201


async def test_two_requests_at_once_with_one_key_have_one_effect_and_one_answer(things: Things):
    answers = await asyncio.gather(*(things.post("k", name="a", seconds=0.1) for _ in range(5)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert await things.counted() == (1, 1)


async def test_two_requests_at_once_for_one_name_are_told_in_words_of_the_domain(things: Things):
    answers = await asyncio.gather(
        *(things.post(str(number), name="a", seconds=0.1) for number in range(4))
    )
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert await things.counted() == (1, 1)


async def test_a_serialization_failure_is_tried_again(things: Things):
    failures[:] = [asyncpg.SerializationError("x"), asyncpg.DeadlockDetectedError("x")]
    assert (await things.post("k", name="a")).status_code == 201
    assert await things.counted() == (1, 1)
    failures[:] = [asyncpg.SerializationError("x")]
    answer = await things.http.put("/things/a", json={"name": "b"}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')


async def test_endless_contention_is_told_as_temporary(things: Things):
    failures[:] = [asyncpg.SerializationError("x")] * 3
    answer = await things.post("k", name="a")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert await things.counted() == (0, 0)


async def test_a_request_that_takes_too_long_leaves_nothing(things: Things):
    answer = await things.post("k", name="a", seconds=5)
    assert (answer.status_code, answer.json()["type"]) == (504, "/problems/request-timeout")
    assert "repeat the request with the same Idempotency-Key" in answer.json()["detail"]
    assert await things.counted() == (0, 0)
    assert (await things.post("k", name="a", seconds=0)).status_code == 201
    answers = [await things.post(str(number), name=f"b{number}") for number in range(8)]
    assert {a.status_code for a in answers} == {201}


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        *[('"1"', 200), ("*", 200), (" * ", 200), ('"1", "2"', 200), ('"7","1"', 200)],
        *[
            ('"x,\t" , ,"1",', 412),
            ('"x,y" , ,"1",', 200),
            ('W/"1", "1"', 200),
            ('"\xe9","1"', 200),
        ],
        *[('"2"', 412), ('"x"', 412), ("1", 412), ('"01"', 412), ('"1', 412), ('"2","3"', 412)],
        *[('W/"1"', 412), ('w/"1"', 412), ('W/"1", "2"', 412), ('"W/1"', 412), ('"*"', 412)],
        *[('*, "1"', 412), ('x "1"', 412), ('"1" "1"', 412), ('"+1"', 412), ('"9999999999"', 412)],
        *[("", 428), (",", 428), (None, 428)],
    ],
)
async def test_a_change_is_made_to_a_state_that_was_read(
    things: Things, tag: str | None, status: int
):
    """By the grammar and the strong comparison of RFC 9110, 8.8.3.2 and 13.1.1."""
    await things.post("k", name="a")
    answer = await things.change("a", "b", *([] if tag is None else [tag]))
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["etag"] == '"2"'


async def test_several_lines_of_if_match_are_one_list(things: Things):
    await things.post("k", name="a")
    assert (await things.change("a", "b", '"7"', '"8"')).status_code == 412
    assert (await things.change("a", "b", '"7"', '"1"')).status_code == 200


async def test_a_list_goes_on_taking_the_states_that_it_names(things: Things):
    await things.post("k", name="a")
    statuses = [(await things.change("a", "a", '"1", "2"')).status_code for _ in range(3)]
    assert statuses == [200, 200, 412]


async def test_any_state_will_do_for_changes_at_once_and_none_is_lost(things: Things):
    await things.post("k", name="a")
    answers = await asyncio.gather(*(things.change("a", "a", "*") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["etag"] for answer in answers} == {'"2"', '"3"', '"4"', '"5"'}


async def test_a_key_may_hold_whatever_a_header_may(things: Things):
    for key in ("é", "\xff" * 255, "a b", '"quoted"', "k;p=1"):
        first = await things.post(key, name=key)
        again = await things.post(key, name=key)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content


@pytest.mark.parametrize(
    "lost", [asyncpg.ConnectionDoesNotExistError("lost"), ConnectionResetError(), TimeoutError()]
)
async def test_a_creation_whose_confirmation_is_lost_is_made_once_when_it_is_repeated(
    things: Things, lost: Exception, monkeypatch: pytest.MonkeyPatch
):
    """The database commits, and the connection ends before it can say so."""
    committed = Database.transaction

    @contextlib.asynccontextmanager
    async def unconfirmed(self: Database, sites: Sites) -> AsyncIterator[Transaction]:
        async with committed(self, sites) as tx:
            yield tx
        raise lost

    with monkeypatch.context() as patched:
        patched.setattr(Database, "transaction", unconfirmed)
        answer = await things.post("k", name="a")
    assert answer.status_code == 503
    assert "may have been made: repeat the request with the same" in answer.json()["detail"]
    assert "Nothing was changed" not in answer.json()["detail"]
    again = await things.post("k", name="a")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert await things.counted() == (1, 1)


async def test_a_null_character_is_refused_and_not_a_defect(things: Things):
    answer = await things.post("k", name="a\0b")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unusable-value")
