"""One factory for the HTTP application of every service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from shared.access.allowed import roles_of
from shared.access.roles import Role
from shared.web import health, openapi, operations, problems
from shared.web.middleware import Requests

if TYPE_CHECKING:
    from shared.service import Running

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

PUBLIC = ("/health/live", "/health/ready", "/metrics")
"""Addresses without a token, beside the documentation: they hold no data of anybody."""

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
    app = FastAPI(
        title=service.title,
        description=service.description,
        version="1.0",
        lifespan=lifespan,
        openapi_url="/openapi.json",
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
    app.include_router(health.router)
    if "api" in roles:
        for router in service.routers:
            app.include_router(router)
        app.include_router(operations.router)
        openapi.install(app)
    else:
        app.openapi_url = None
    problems.install(app)
    for route in api_routes(app):
        if route.path not in PUBLIC and not allowed_roles(route):
            raise RouteWithoutRoles(
                f"{service.name}: {route.operation_id} at {route.path} names no roles; give it "
                "a caller by Allowed(...)."
            )
    app.add_middleware(Requests, settings=running.settings)
    return app


def api_routes(app: FastAPI) -> list[APIRoute]:
    """The routes of an application, without its documentation."""
    return [r for r in app.routes if isinstance(r, APIRoute) and r.include_in_schema]


def allowed_roles(route: APIRoute) -> frozenset[Role]:
    """The roles that may call a route."""

    def calls(dependant: Dependant) -> Iterator[Any]:
        yield dependant.call
        for below in dependant.dependencies:
            yield from calls(below)

    return frozenset(role for call in calls(route.dependant) for role in roles_of(call))
