"""Every route of every service takes the query parameters that it declares, and says so of others.

Without any server behind: what is refused is refused before the database is asked.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
import structlog
from fastapi.routing import APIRoute

from shared.settings import SERVICES
from shared.web.application import allowed_roles, api_routes, is_open
from shared.web.models import encode_cursor
from tests.support.apis import APPS, address, caller
from tests.support.logs import quiet

ROUTES = [
    pytest.param(name, route, id=f"{name}-{route.operation_id}")
    for name, app in APPS.items()
    for route in api_routes(app)
]
PASS = "surrogatepass"
NO_CURSORS = ["é", "ж", "\N{FULLWIDTH DIGIT ONE}", "\ud800", "x", "", "AAAA", "=", "\0", "a b"]
NO_CURSORS += [encode_cursor(text) for text in ("no id", "\0 1", "a " + "9" * 19, "-1", "a 01")]


@pytest.fixture(scope="module", autouse=True)
def quiet_logs() -> Iterator[None]:
    """Without a database every allowed request fails."""
    quiet()
    yield
    structlog.reset_defaults()


def parameters(name: str, route: APIRoute) -> list[str]:
    """The documented query parameters of a route."""
    (method,) = route.methods
    operation = APPS[name].openapi()["paths"][route.path_format][method.lower()]
    return [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]


async def ask(name: str, route: APIRoute, **query: str) -> httpx.Response:
    """The answer to a caller who may call the route; the query is sent as it stands."""
    role = None if is_open(route) else next(iter(sorted(allowed_roles(route))), None)
    (method,) = route.methods
    async with caller(APPS[name], role) as api:
        return await api.request(method, f"{address(route)}?{urlencode(query, errors=PASS)}")


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(("name", "route"), ROUTES)
async def test_a_parameter_that_a_route_does_not_declare_is_refused(name: str, route: APIRoute):
    answer = await ask(name, route, family_name="Doe")
    if answer.status_code == 401:  # whoever holds no link is told no more than that
        assert answer.json()["type"] == "/problems/link-not-valid"
        return
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-request"
    assert pointers(answer) == ["family_name"]
    assert "Doe" not in answer.text


@pytest.mark.parametrize(("name", "route"), ROUTES)
async def test_a_parameter_that_is_documented_is_taken(name: str, route: APIRoute):
    for parameter in parameters(name, route):
        answer = await ask(name, route, **{parameter: "x"})
        told = answer.json().get("errors") or []
        assert not [e for e in told if "no such parameter" in e["detail"]], parameter


@pytest.mark.parametrize(
    ("name", "route"), [p for p in ROUTES if "cursor" in parameters(*p.values)]
)
@pytest.mark.parametrize("cursor", NO_CURSORS, ids=ascii)
async def test_a_cursor_that_is_none_of_ours_is_refused(name: str, route: APIRoute, cursor: str):
    query = {"stream": name} if "stream" in parameters(name, route) else {}
    answer = await ask(name, route, cursor=cursor, **query)
    assert answer.status_code == 422
    assert pointers(answer) == ["cursor"]


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_lists_with_cursors(name: str):
    found = [p for p in ROUTES if p.values[0] == name and "cursor" in parameters(*p.values)]
    assert len(found) >= 3
