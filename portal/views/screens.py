"""All screens, and the answers of the portal that are none: the live stream and the emergency."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import Response

from portal.page import Page
from portal.views import today

Answered = Callable[[Request, Callable[[Page], Awaitable[Response]]], Awaitable[Response]]

__all__ = ["install", "today"]


def install(app: FastAPI, answered: Answered) -> None:
    """Add the routes that are no screens."""
