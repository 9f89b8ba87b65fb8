"""What every HTTP API of the platform has in common."""

from shared.web.models import Instant, Page, Paging, Shown, Strict, page_of
from shared.web.writes import create, needs_if_match, show, update

__all__ = [
    "Instant",
    "Page",
    "Paging",
    "Shown",
    "Strict",
    "create",
    "needs_if_match",
    "page_of",
    "show",
    "update",
]
