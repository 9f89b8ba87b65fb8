"""What every HTTP API of the platform has in common."""

from shared.web.models import (
    CountedPage,
    Instant,
    Page,
    Paging,
    Shown,
    Strict,
    count_of,
    narrowed,
    page_of,
)
from shared.web.writes import create, needs_if_match, show, update

__all__ = [
    "CountedPage",
    "Instant",
    "Page",
    "Paging",
    "Shown",
    "Strict",
    "count_of",
    "create",
    "narrowed",
    "needs_if_match",
    "page_of",
    "show",
    "update",
]
