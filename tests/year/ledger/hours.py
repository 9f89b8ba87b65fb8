"""Minutes of a client in one ISO week of the site's calendar, breaks left out."""

from collections.abc import Iterable
from datetime import date, datetime

from tests.year.ledger.journal import Journal
from tests.year.ledger.sessions import Seat, Seats
from tests.year.ledger.stays import Stay

Week = tuple[int, int]
COUNTING = frozenset({"group", "individual", "psychoeducation", "life_skills", "family"})
"""The kinds of session that make the hours of a level."""


def week_of(day: date) -> Week:
    """The ISO year and week of a day."""
    year, week, _ = day.isocalendar()
    return year, week


def seats_given(journal: Journal, records: frozenset[str]) -> list[tuple[datetime, str]]:
    """When a person got a seat, and at which site."""
    return sorted(
        (event.instant("placed_at"), event.data["site_id"])
        for event in journal.named("ClientPlaced")
        if event.client in records
    )


def site_in(week: Week, given: list[tuple[datetime, str]], journal: Journal) -> str:
    """Where the client had a seat last before the end of a week, or first of all."""
    before = [
        site for at, site in given if week_of(at.astimezone(journal.zones[site]).date()) <= week
    ]
    return before[-1] if before else given[0][1]


def minutes(
    week: Week, site: str, records: frozenset[str], seats: Seats, stays: Iterable[Stay]
) -> tuple[int, int, int]:
    """Sessions that count, planned minutes, and attended minutes."""
    lasting = list(stays)
    found = [
        seat
        for seat in seats.values()
        if seat.client in records
        and seat.site == site
        and seat.kind in COUNTING
        and week_of(seat.day) == week
        and seat.expected
        and seat.held
        and not _away(seat, lasting)
    ]
    return len(found), sum(seat.minutes for seat in found), sum(seat.attended for seat in found)


def _away(seat: Seat, stays: list[Stay]) -> bool:
    """Whether the client did not come, or is not expected to, while the stay is on hold."""
    return seat.outcome != "attended" and any(
        stay.client == seat.client and stay.holds_at(seat.starts) for stay in stays
    )
