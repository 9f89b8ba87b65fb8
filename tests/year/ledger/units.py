"""Units of payers' grants by day: what each day takes, of which grant, and what is beyond."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.year.ledger.sessions import Seat, Seats

PER_DIEM_FROM_MINUTES = 120
"""H0015: one unit for a day with at least so many credited minutes (its data file's template)."""
QUARTER_HOUR, COUNTS_FROM = 15, 8
"""H0004: the minutes of a day's individual sessions are added up, and a further unit counts from
its eighth minute (Medicare Claims Processing Manual, chapter 5, 20.2)."""


@dataclass
class Grant:
    """A grant as it was answered over HTTP; what is used of it is computed here."""

    id: str
    code: str
    units: int
    first: date
    last: date
    used: int = 0
    overrun: int = 0

    @classmethod
    def answered(cls, body: dict[str, Any]) -> "Grant":
        return cls(
            body["id"],
            body["code"],
            body["units_granted"],
            date.fromisoformat(body["valid_from"]),
            date.fromisoformat(body["valid_until"]),
        )


@dataclass
class Day:
    """What a person received on one day at the site, and what it took of grants."""

    services: int = 0
    minutes: int = 0
    units: int = 0
    overrun: int = 0


def attended_days(seats: Seats, records: frozenset[str]) -> dict[date, list[Seat]]:
    """The sessions that a person attended, by day."""
    found: dict[date, list[Seat]] = defaultdict(list)
    for seat in seats.values():
        if seat.client in records and seat.held and seat.outcome == "attended" and seat.attended:
            found[seat.day].append(seat)
    return dict(sorted(found.items()))


def units_of(code: str, sessions: list[Seat]) -> int:
    """How many units of a code a day is."""
    if code == "H0015":
        return int(sum(seat.attended for seat in sessions) >= PER_DIEM_FROM_MINUTES)
    assert code == "H0004"
    minutes = sum(seat.attended for seat in sessions if seat.kind == "individual")
    full, rest = divmod(minutes, QUARTER_HOUR)
    return full + (rest >= COUNTS_FROM)


def settle(grants: list[Grant], days: dict[date, list[Seat]]) -> dict[date, Day]:
    """Give each day its units, earliest day first, of the grant that expires first.

    What a grant has no more comes from the next that covers the day; what none has is beyond the
    first of them that still had some, or else the first.
    """
    found: dict[date, Day] = {}
    for on, sessions in sorted(days.items()):
        day = Day(len(sessions), sum(seat.attended for seat in sessions))
        for code in sorted({grant.code for grant in grants}):
            covering = sorted(
                (g for g in grants if g.code == code and g.first <= on <= g.last),
                key=lambda g: (g.last, g.first),
            )
            if not covering:
                continue
            begins = next((g for g in covering if g.used < g.units), covering[0])
            wanted = units_of(code, sessions)
            for grant in covering:
                taken = min(wanted, grant.units - grant.used)
                grant.used += taken
                day.units += taken
                wanted -= taken
            begins.overrun += wanted
            day.overrun += wanted
        found[on] = day
    return found
