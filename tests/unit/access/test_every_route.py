"""Nothing is allowed by default: every route of every service, walked."""

import dataclasses

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from shared.access import Role
from shared.settings import SERVICES
from shared.web.application import (
    PUBLIC,
    RouteWithoutRoles,
    allowed_roles,
    api_routes,
    is_open,
)
from tests.support.apis import APPS, address, app_of, caller, service

PROTECTED = [
    pytest.param(name, route, id=f"{name}-{route.operation_id}")
    for name, app in APPS.items()
    for route in api_routes(app)
    if route.path not in PUBLIC and not is_open(route)
]
DOCUMENTED_AS_PUBLIC = {
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/start.js",
    "/docs/viewer.js",
    "/docs/viewer.css",
    "/docs/icon.png",
}

OPEN_TO_CLIENTS = {
    "intake": {
        "/questionnaire",
        "/questionnaire/page.js",
        "/questionnaire/page.css",
        "/questionnaire/session",
        "/questionnaire/form",
        "/questionnaire/answers/{instrument}",
        "/questionnaire/completion",
    },
}
"""Addresses that say by `Open(...)` why nobody needs a token for them."""
BY_SECRET = {path for path in OPEN_TO_CLIENTS["intake"] if path.count("/") > 1 and "." not in path}
"""Those that ask for the secret of a link or its session in place of a token."""


def test_the_walk_sees_every_service():
    assert {param.values[0] for param in PROTECTED} == set(SERVICES)
    assert len(PROTECTED) > 50


@pytest.mark.parametrize(("name", "route"), PROTECTED)
async def test_every_route_needs_a_token_of_a_role_that_it_names(name: str, route: APIRoute):
    allowed = allowed_roles(route)
    assert allowed
    for method in route.methods:
        for role in (None, "nonsense", *Role):
            async with caller(APPS[name], role) as api:
                answer = await api.request(method, address(route))
            if role is None or role == "nonsense":
                assert answer.status_code == 401
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.headers["www-authenticate"].startswith("Bearer")
            elif role not in allowed:
                assert answer.status_code == 403, role
                assert answer.json()["type"] == "/problems/forbidden"
            else:
                assert answer.status_code not in (401, 403), role


@pytest.mark.parametrize("name", SERVICES)
def test_only_what_says_why_is_public(name: str):
    public, opened = set(), set()
    for route in APPS[name].routes:
        assert isinstance(route, Route | APIRoute)
        if isinstance(route, APIRoute) and is_open(route):
            assert not allowed_roles(route)
            opened.add(route.path)
        elif not isinstance(route, APIRoute) or not allowed_roles(route):
            public.add(route.path)
    assert public == DOCUMENTED_AS_PUBLIC == PUBLIC
    assert opened == OPEN_TO_CLIENTS.get(name, set())


@pytest.mark.parametrize("path", sorted(BY_SECRET))
async def test_an_open_address_that_needs_a_secret_takes_no_token_in_its_place(path: str):
    for role in (None, *Role):
        async with caller(APPS["intake"], role) as api:
            method = "PUT" if "answers" in path else "GET" if path.endswith("form") else "POST"
            body = {"answers": [0]} if method == "PUT" else None
            address = path.format(instrument="phq-9")
            answer = await api.request(method, address, json=body, headers={"If-Match": '"1"'})
        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/link-not-valid"


def open_door() -> APIRouter:
    router = APIRouter()

    @router.get("/open")
    async def leave_open() -> None: ...

    return router


def hidden_door() -> APIRouter:
    router = APIRouter()

    @router.get("/hidden", include_in_schema=False)
    async def hide() -> None: ...

    return router


def door_behind_a_door() -> APIRouter:
    router = APIRouter()
    router.include_router(open_door(), prefix="/inner")
    return router


def mounted_door() -> APIRouter:
    return APIRouter(routes=[Mount("/mounted", routes=[])])


@pytest.mark.parametrize("door", [open_door, hidden_door, door_behind_a_door, mounted_door])
def test_a_service_with_a_route_that_names_no_roles_does_not_start(door):
    careless = dataclasses.replace(service("intake"), routers=[door()])
    with pytest.raises(RouteWithoutRoles):
        app_of(careless)
