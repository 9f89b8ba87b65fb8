"""What every HTTP API of the platform has in common."""

from shared.literal import Day
from shared.web.call import Allowed, AnyStaff, Call, Clinician, Reader, Router, SiteStaff
from shared.web.lists import counted_page, page
from shared.web.models import (
    CountedPage,
    Earlier,
    FromJson,
    Instant,
    Page,
    Paged,
    Paging,
    Shown,
    Strict,
    Timeline,
    count_of,
    described,
    exactly_one,
    narrowed,
    optional,
    page_of,
)
from shared.web.writes import needs_if_match, of_one_client

__all__ = [
    "Allowed",
    "AnyStaff",
    "Call",
    "Clinician",
    "CountedPage",
    "Day",
    "Earlier",
    "FromJson",
    "Instant",
    "Page",
    "Paged",
    "Paging",
    "Reader",
    "Router",
    "Shown",
    "SiteStaff",
    "Strict",
    "Timeline",
    "count_of",
    "counted_page",
    "described",
    "exactly_one",
    "narrowed",
    "needs_if_match",
    "of_one_client",
    "optional",
    "page",
    "page_of",
]
