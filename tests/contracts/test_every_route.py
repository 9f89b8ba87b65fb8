"""Nothing is allowed by default: every route of every service, walked."""

import dataclasses
from collections.abc import Iterator

import pytest
import structlog
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from services.notifications.webhooks import calls as webhooks
from services.notifications.webhooks.routes import BY_MAIL
from services.scheduling.attendance import check_in_routes
from services.scheduling.calendars import routes as calendars
from shared.access import Role
from shared.settings import SERVICES
from shared.web import holders, links
from shared.web.application import (
    PUBLIC,
    RouteWithoutRoles,
    allowed_roles,
    api_routes,
    is_open,
    open_because,
    untraced,
)
from shared.web.audit import is_of_one_client
from shared.web.models import Shown
from tests.support.apis import APPS, address, app_of, caller, service
from tests.support.logs import quiet

PROTECTED = [
    pytest.param(name, route, id=f"{name}-{route.operation_id}")
    for name, app in APPS.items()
    for route in api_routes(app)
    if route.path not in PUBLIC and not is_open(route)
]
UNKNOWN = "Whoever wonders whether they need help may ask without being known."
BY_LINK = holders.WHY
OPEN = {
    ("intake", "POST", "/self-check", UNKNOWN),
    ("intake", "GET", "/self-check", UNKNOWN),
    ("intake", "GET", "/self-check/page.css", UNKNOWN),
    ("intake", "GET", "/self-check/page.js", UNKNOWN),
    ("intake", "GET", "/questionnaire", links.WHY),
    ("intake", "GET", "/questionnaire/page.js", links.WHY),
    ("intake", "GET", "/questionnaire/page.css", links.WHY),
    ("intake", "POST", "/questionnaire/session", BY_LINK),
    ("intake", "GET", "/questionnaire/form", BY_LINK),
    ("intake", "PUT", "/questionnaire/answers/{instrument}", BY_LINK),
    ("intake", "POST", "/questionnaire/completion", BY_LINK),
    ("scheduling", "GET", "/seat-offer", links.WHY),
    ("scheduling", "GET", "/seat-offer/page.js", links.WHY),
    ("scheduling", "GET", "/seat-offer/own", BY_LINK),
    ("scheduling", "POST", "/seat-offer/own", BY_LINK),
    ("outcomes", "GET", "/follow-up", links.WHY),
    ("outcomes", "GET", "/follow-up/page.js", links.WHY),
    ("outcomes", "GET", "/follow-up/own", BY_LINK),
    ("outcomes", "POST", "/follow-up/own", BY_LINK),
    ("scheduling", "GET", "/calendars/{secret}.ics", calendars.WHY),
    ("scheduling", "GET", "/telehealth", links.WHY),
    ("scheduling", "GET", "/telehealth/page.js", links.WHY),
    ("scheduling", "POST", "/telehealth/joins", check_in_routes.WHY),
    ("notifications", "POST", "/webhooks/{provider}/reports/{notification_id}", webhooks.WHY),
    ("notifications", "POST", "/webhooks/{provider}/replies", webhooks.WHY),
    ("notifications", "POST", "/webhooks/mail/bounces", webhooks.WHY),
    ("notifications", "GET", "/unsubscribe/{secret}", BY_MAIL),
    ("notifications", "POST", "/unsubscribe/{secret}", BY_MAIL),
}
"""Every route that asks for no token, and why: whoever opens another one says so here."""
BY_SECRET = [one[:3] for one in sorted(OPEN) if one[3] in (BY_LINK, check_in_routes.WHY)]
"""Those that ask for the secret of a link or its session in place of a token."""
DOCUMENTED_AS_PUBLIC = {
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/viewer.js",
    "/docs/viewer.css",
    "/docs/icon.png",
}


@pytest.fixture(scope="module", autouse=True)
def quiet_logs() -> Iterator[None]:
    """Without a database every allowed request fails, thousands of times."""
    quiet()
    yield
    structlog.reset_defaults()


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
def test_only_health_metrics_and_documentation_are_public(name: str):
    public = set()
    for route in APPS[name].routes:
        assert isinstance(route, Route | APIRoute)
        if not isinstance(route, APIRoute) or not (allowed_roles(route) or is_open(route)):
            public.add(route.path)
    assert public == DOCUMENTED_AS_PUBLIC == PUBLIC


@pytest.mark.parametrize(("name", "method", "path"), BY_SECRET)
async def test_an_open_address_that_needs_a_secret_takes_no_token_in_its_place(
    name: str, method: str, path: str
):
    for role in (None, *Role):
        async with caller(APPS[name], role) as api:
            body = {"answers": [0]} if method == "PUT" else {"answer": "accept"}
            address = path.format(instrument="phq-9")
            answer = await api.request(method, address, json=body, headers={"If-Match": '"1"'})
        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/link-not-valid"


def test_every_open_route_is_known_with_its_reason():
    found = {
        (name, method, route.path, open_because(route))
        for name, app in APPS.items()
        for route in app.routes
        if isinstance(route, APIRoute) and is_open(route)
        for method in route.methods
    }
    assert found == OPEN


def test_only_addresses_without_parameters_leave_no_trace():
    paths = {path for app in APPS.values() for path in untraced(app)}
    assert paths == {"/self-check", "/self-check/page.css", "/self-check/page.js"}


def test_no_route_is_open_and_protected_at_once():
    for app in APPS.values():
        for route in app.routes:
            if isinstance(route, APIRoute):
                assert not (is_open(route) and allowed_roles(route)), route.path


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


@pytest.mark.parametrize(("name", "route"), PROTECTED)
def test_what_reads_one_client_s_record_can_be_opened_in_an_emergency(
    name: str, route: APIRoute
) -> None:
    """Break-glass and the note of who looked are declared on the route."""
    model = route.response_model
    about_one = (
        isinstance(model, type)
        and issubclass(model, Shown)
        and model.client_key in model.model_fields
    )
    reads_a_record = "GET" in route.methods and (about_one or "{client_id}" in route.path)
    assert is_of_one_client(route) is reads_a_record


@pytest.mark.parametrize(("name", "route"), PROTECTED)
def test_an_operation_is_named_by_its_function(name: str, route: APIRoute) -> None:
    assert route.operation_id == route.endpoint.__name__
