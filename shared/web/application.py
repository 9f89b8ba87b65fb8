"""One factory for the HTTP application of every service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route

from shared.access.allowed import roles_of
from shared.access.roles import Role
from shared.web import accesses, health, openapi, operations, problems
from shared.web.limits import Limiter
from shared.web.middleware import Requests
from shared.web.parameters import refuse_undeclared
from shared.web.streams import endless_addresses

if TYPE_CHECKING:
    from shared.service import Running

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

PUBLIC = frozenset(("/health/live", "/health/ready", "/metrics", *openapi.PUBLIC))
"""Addresses without a token: they hold no data of anybody."""

FROM_BROWSERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Break-Glass",
    "traceparent",
)
TO_BROWSERS = ("ETag", "Location", "Retry-After", "Idempotency-Replayed", "WWW-Authenticate")
"""The headers that pages of other origins may send, and may read."""

OWN_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}
"""The framework's own spans would double those of `Requests` and carry paths with ids in them."""


class RouteWithoutRoles(RuntimeError):
    """A route names no roles; the service does not start."""


def application(running: Running, *, roles: frozenset[str], lifespan: Lifespan) -> FastAPI:
    """The application of one process.

    Raises:
        RouteWithoutRoles: a route lacks `Allowed(...)`.
    """
    service = running.service
    serves_api = "api" in roles
    routers = [*service.routers, accesses.router, operations.router] if serves_api else []
    app = FastAPI(
        title=service.title,
        description=service.description,
        version="1.0",
        lifespan=lifespan,
        # The routes themselves and not include_router: a flat list is matched faster, and every
        # route can be seen, so that none escapes the check below. The busiest come first.
        routes=[route for router in (*routers, health.router) for route in router.routes],
        redirect_slashes=False,
        openapi_url="/openapi.json" if serves_api else None,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        telemetry=OWN_TELEMETRY,
    )
    app.state.service = service
    app.state.running = running
    app.state.database = running.database
    app.state.verifier = running.verifier
    app.state.settings = running.settings
    app.state.roles = roles
    app.state.limiter = Limiter()
    if serves_api:
        openapi.install(app)
    problems.install(app)
    for route in app.routes:
        refuse_undeclared(_checked(service.name, route))
    app.add_middleware(
        Requests,
        settings=running.settings,
        untraced=untraced(app),
        endless=endless_addresses(app),
    )
    allow_browsers(app, running.settings.cors_origins)
    return app


def allow_browsers(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins call the API, by CORS (https://fetch.spec.whatwg.org).

    Around everything else, so that a preflight needs no token and that pages can read refusals.
    Tokens are sent in a header, so that no cookies or other credentials of the browser are taken.
    """
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=FROM_BROWSERS,
            expose_headers=TO_BROWSERS,
            max_age=600,
        )


def _checked(service: str, route: BaseRoute) -> Route:
    path = getattr(route, "path", "")
    named = isinstance(route, APIRoute) and (allowed_roles(route) or is_open(route))
    if isinstance(route, Route) and (path in PUBLIC or named):
        return route
    raise RouteWithoutRoles(
        f"{service}: {getattr(route, 'name', type(route).__name__)} at {path or '?'} names no "
        "roles; give it a caller by Allowed(...), or say by Open(...) why it needs none."
    )


def api_routes(app: FastAPI) -> list[APIRoute]:
    """The routes of an application, without its documentation."""
    return [r for r in app.routes if isinstance(r, APIRoute) and r.include_in_schema]


def allowed_roles(route: APIRoute) -> frozenset[Role]:
    """The roles that may call a route."""
    return frozenset(role for call in _calls(route.dependant) for role in roles_of(call))


def is_open(route: APIRoute) -> bool:
    """Whether a route says why everybody may call it."""
    return open_because(route) is not None


def open_because(route: APIRoute) -> str | None:
    """Why everybody may call a route; None where a token is asked for."""
    reasons = (getattr(call, "open_because", None) for call in _calls(route.dependant))
    return next((reason for reason in reasons if reason is not None), None)


def untraced(app: FastAPI) -> frozenset[str]:
    """The addresses whose requests leave no trace."""
    return frozenset(
        route.path
        for route in app.routes
        if isinstance(route, APIRoute)
        and any(not getattr(call, "traced", True) for call in _calls(route.dependant))
    )


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for below in dependant.dependencies:
        yield from _calls(below)
