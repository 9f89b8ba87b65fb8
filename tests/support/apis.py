"""The APIs of all services as they start, without any server behind them."""

import importlib
from typing import Never
from uuid import uuid4

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from shared.access import Caller, Role
from shared.access.tokens import InvalidToken
from shared.database import ALL_SITES, Sites
from shared.service import Service, build
from shared.settings import SERVICES, Settings


class KnownTokens:
    """Takes the name of a role for a token of that role; nothing else is a token."""

    def remembered(self, token: str) -> Caller | None:
        return Caller("someone", Role(token), ALL_SITES) if token in list(Role) else None

    async def verify(self, token: str) -> Caller:
        raise InvalidToken("it is none of ours")


class NoDatabase:
    """A server that cannot be reached."""

    def transaction(self, sites: Sites) -> Never:
        raise ConnectionRefusedError

    async def run(self, sites: Sites, work: object) -> Never:
        raise ConnectionRefusedError


def settings(service: str = "intake", **changed: object) -> Settings:
    """Settings that lead nowhere."""
    given = {
        "service": service,
        "environment": "local",
        "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
        "kafka_bootstrap_servers": "127.0.0.1:1",
        "oidc_issuer": "http://127.0.0.1:9",
    }
    return Settings.model_validate(given | changed)


def service(name: str) -> Service:
    """A service as it is declared."""
    declared: Service = importlib.import_module(f"services.{name}.service").service
    return declared


def app_of(declared: Service, **changed: object) -> FastAPI:
    """The API of a service, which knows its callers by `KnownTokens`."""
    app = build(declared, settings(declared.name, **changed), frozenset({"api"}))
    app.state.verifier = KnownTokens()
    app.state.database = NoDatabase()
    return app


def caller(app: FastAPI, role: str | None = None) -> httpx.AsyncClient:
    """A client of an application in this process, with a token for `role` or without one."""
    headers = {} if role is None else {"Authorization": f"Bearer {role}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


def address(route: APIRoute) -> str:
    """An address that a route answers at."""
    ids = {name: str(uuid4()) for name in route.param_convertors}
    return str(route.url_path_for(route.name, **ids))


APPS = {name: app_of(service(name)) for name in SERVICES}
