"""Engagement of the present stay, and the scores that count for it."""

from datetime import datetime, timedelta
from typing import Any

from tests.year.ledger.journal import Journal
from tests.year.ledger.people import People
from tests.year.ledger.sessions import Seats, counts, of_stay
from tests.year.ledger.stays import Stay

WINDOW = timedelta(weeks=4)
Figures = dict[str, int]


def engagement(seats: Seats, stay: Stay) -> Figures | None:
    """The four weeks, by days at the site, up to the latest session of a stay that counts."""
    counted = [seat for seat in of_stay(seats, stay) if counts(seat, stay)]
    if not counted:
        return None
    latest = counted[-1].day
    window = [seat for seat in counted if latest - seat.day < WINDOW]
    unexcused = [seat for seat in window if seat.outcome != "excused"]
    attended = sum(seat.attended for seat in window)
    outcomes = [seat.outcome for seat in unexcused]
    return {
        "sessions_attended": outcomes.count("attended"),
        "sessions_missed": outcomes.count("missed"),
        "sessions_excused": len(window) - len(unexcused),
        "attended_minutes": attended,
        "missed_minutes": sum(seat.minutes for seat in unexcused) - attended,
        "excused_minutes": sum(seat.minutes for seat in window if seat.outcome == "excused"),
        "consecutive_attended": _run(outcomes, "attended"),
        "consecutive_missed": _run(outcomes, "missed"),
        "weeks_observed": (latest - window[0].day).days // 7 + 1,
    }


def _run(outcomes: list[Any], wanted: str) -> int:
    last_other = max((n for n, one in enumerate(outcomes, 1) if one != wanted), default=0)
    return len(outcomes) - last_other


def own_scores(journal: Journal, records: frozenset[str], after: datetime | None) -> Any:
    """The results of each instrument that a person answered after the former stay, in order."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for event in journal.named("ScreeningCompleted"):
        if event.client not in records:
            continue
        for score in event.data["scores"]:
            at = datetime.fromisoformat(score["answered_at"] or event.data["completed_at"])
            if after is None or at > after:
                rank = (at, event.instant("completed_at"), event.data["screening_id"], score)
                found.setdefault(score["instrument"], []).append(rank)
    return {
        instrument: [(rank[0], rank[3]) for rank in sorted(ranks, key=lambda rank: rank[:3])]
        for instrument, ranks in found.items()
    }


def present_stay(stays: list[Stay], people: People, client: str, at: datetime) -> list[Stay]:
    """The stays of a person in order; the last one is the present one."""
    records = people.records(client, at)
    return [stay for stay in stays if stay.client in records]
