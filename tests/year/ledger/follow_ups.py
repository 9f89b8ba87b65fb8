"""Surveys after the end of a stay: when each is due and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.year.ledger.journal import Journal
from tests.year.ledger.people import People
from tests.year.ledger.stays import Stay

DAYS = (30, 90, 180, 365)
OPEN = timedelta(days=30)
ENDS = {"answers": "answered", "declined": "declined", "lost": "lost"}


@dataclass(frozen=True)
class FollowUp:
    """One survey as it stands."""

    stay: str
    due_on: date
    closes_on: date
    state: str
    use: str = "unknown"
    """What was answered about substance use."""


def follow_ups(
    journal: Journal,
    stays: list[Stay],
    people: People,
    told: dict[tuple[str, int], tuple[str, Any]],
    now: datetime,
) -> dict[tuple[str, int], FollowUp]:
    """The surveys of all stays that ended, but by a death; `told` is what staff entered."""
    found: dict[tuple[str, int], FollowUp] = {}
    for stay in stays:
        if stay.ends is None or stay.state == "died":
            continue
        zone = journal.zones[stay.site]
        records = people.records(stay.client, now)
        for days in DAYS:
            due = stay.ends.astimezone(zone).date() + timedelta(days=days)
            closes = due + OPEN
            begins, over = (datetime.combine(day, time(), zone) for day in (due, closes))
            again = any(
                other.client in records and other is not stay and stay.ends <= other.begins < over
                for other in stays
            )
            what, body = told.get((stay.id, days), ("", {}))
            state = "planned" if now < begins else "due" if now < over else "lost"
            use = "unknown"
            if what:
                state = ENDS[body.get("outcome", what)]
                use = body.get("answers", {}).get("substance_use", use)
            if again and state in ("planned", "due", "lost"):
                state = "returned"
            found[stay.id, days] = FollowUp(stay.id, due, closes, state, use)
    return found
