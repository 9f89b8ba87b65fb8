"""Query parameters that a route does not declare are refused with their names."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from shared.access import Role
from shared.access.allowed import Open
from shared.service import Service
from shared.web import Allowed, Call, Paging, Strict
from tests.support.apis import app_of, caller

MANAGER = Annotated[Call, Allowed(Role.SITE_MANAGER)]
router = APIRouter()


class Found(BaseModel):
    state: str | None = None
    kinds: list[str] = []


class Filter(BaseModel):
    level: str = "2.1"


class Body(Strict):
    name: str = "a"


@router.get("/things")
async def list_things(
    caller: MANAGER,
    paging: Annotated[Paging, Depends()],
    state: str | None = None,
    starting_from: Annotated[str | None, Query(alias="from")] = None,
    kind: Annotated[list[str], Query()] = [],  # noqa: B006 - as the framework wants it
) -> Found:
    return Found(state=state, kinds=kind)


@router.get("/filtered")
async def list_filtered(caller: MANAGER, chosen: Annotated[Filter, Query()]) -> Filter:
    return chosen


@router.post("/things")
async def make(caller: MANAGER, body: Body) -> Body:
    return body


@router.get("/open")
async def show_open(nobody: Annotated[None, Open("A test.")]) -> Found:
    return Found()


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    service = Service("intake", "Things", "", routers=[router])
    async with caller(app_of(service), "site_manager") as client:
        yield client


def refused(answer: httpx.Response) -> dict[str, str]:
    """What is wrong, by the name of the parameter."""
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["type"] == "/problems/invalid-request"
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    "name", ["family_name", "sort", "site_id", "State", "state ", "starting_from", "é", ""]
)
async def test_a_parameter_that_is_not_declared_is_refused_with_its_name(api, name):
    assert list(refused(await api.get("/things", params={"state": "open", name: "x"}))) == [name]


async def test_every_parameter_that_is_not_declared_is_named(api):
    found = refused(await api.get("/things?sort=&family_name=Doe&limit=2"))
    assert found.keys() == {"sort", "family_name"}
    assert found["sort"].endswith("there are: cursor, from, kind, limit, state.")
    assert "Doe" not in str(found)


async def test_parameters_are_known_from_the_route_itself(api):
    asked = "/things?state=open&from=2026-03-02&limit=2&kind=a&kind=b"
    answer = await api.get(asked)
    assert (answer.status_code, answer.json()) == (200, {"state": "open", "kinds": ["a", "b"]})
    assert (await api.get("/filtered?level=2.5")).json() == {"level": "2.5"}
    assert list(refused(await api.get("/filtered?chosen=1"))) == ["chosen"]


async def test_a_parameter_that_is_read_once_is_given_once(api):
    found = refused(await api.get("/things?state=open&state=closed&limit=1&kind=a&kind=b"))
    assert found == {"state": "Give this parameter once."}


async def test_what_takes_no_parameter_says_so(api):
    nobody = httpx.AsyncClient(transport=api._transport, base_url="http://test")
    for address in ("/open", "/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"):
        found = refused(await nobody.get(address, params={"verbose": ""}))
        assert found["verbose"].endswith("this address takes none."), address
    assert list(refused(await api.post("/things?dry_run=true", json={}))) == ["dry_run"]
    assert (await api.post("/things", json={})).status_code == 200


async def test_who_calls_is_asked_before_what_is_asked(api):
    api.headers["Authorization"] = "Bearer counselor"
    assert (await api.get("/things?sort=name")).status_code == 403
    del api.headers["Authorization"]
    assert (await api.get("/things?sort=name")).status_code == 401


async def test_a_thousand_unknown_parameters_get_a_short_answer(api):
    many = "&".join(f"p{number}=1" for number in range(5_000))
    assert len(refused(await api.get(f"/things?{many}"))) == 20


async def test_an_application_made_again_asks_once(api):
    app_of(Service("intake", "Things", "", routers=[router]))
    for route in router.routes:
        asking = [d for d in route.dependant.dependencies if hasattr(d.call, "asks_for_parameters")]
        assert len(asking) == 1
