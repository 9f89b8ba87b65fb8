"""Answers that go on until somebody ends them: they have no time limit, and end by themselves."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.routing import APIRoute

F = TypeVar("F", bound=Callable[..., Any])


def files(says: str, *media_types: str) -> dict[int | str, dict[str, Any]]:
    """What a route documents that answers with a file, of one of these types."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": says, "content": dict.fromkeys(media_types, schema)}}


def endless(route: F) -> F:
    """Mark a GET whose answer goes on. Its address has no parameters, and HEAD is not for it."""
    route.endless = True  # type: ignore[attr-defined]
    return route


def endless_addresses(app: FastAPI) -> frozenset[str]:
    """The addresses whose answers go on."""
    return frozenset(
        route.path
        for route in app.routes
        if isinstance(route, APIRoute) and getattr(route.endpoint, "endless", False)
    )
