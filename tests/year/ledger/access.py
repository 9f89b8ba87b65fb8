"""How long people waited for the first screening and the first service."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Any

from tests.year.ledger.journal import Journal
from tests.year.ledger.people import People
from tests.year.ledger.sessions import Seats

TARGET_DAYS = {"first_screening": 7, "first_service": 14}
"""The day of the start is the first of them."""
WITHOUT_ENROLMENT = frozenset({"redirected", "declined", "lost"})


@dataclass
class Referral:
    """A referral, and the days on which what is waited for came about."""

    id: str
    client: str
    site: str
    at: datetime
    received: date
    ended: datetime | None = None
    stopped: bool = False
    in_error: bool = False
    first_screening: date | None = None
    first_service: date | None = None


def referrals_of(journal: Journal, people: People, seats: Seats, now: datetime) -> list[Referral]:
    """All referrals with what came about of each."""
    found: dict[str, Referral] = {}
    for event in journal.named("ReferralReceived", "ReferralStateChanged", "ScreeningCompleted"):
        data, zone = event.data, journal.zones[event.data["site_id"]]
        if event.name == "ReferralReceived":
            at = event.instant("received_at")
            found[data["referral_id"]] = Referral(
                data["referral_id"], event.client, data["site_id"], at, at.astimezone(zone).date()
            )
        elif event.name == "ReferralStateChanged":
            referral = found[data["referral_id"]]
            if data["to_state"] in WITHOUT_ENROLMENT:
                referral.ended, referral.stopped = event.instant("changed_at"), True
                referral.in_error = data["reason"] == "entered_in_error"
            elif data["to_state"] == "accepted":
                referral.ended = event.instant("changed_at")
        elif data["occasion"] == "intake":
            day = event.instant("completed_at").astimezone(zone).date()
            for one in found.values():
                if one.client == event.client and one.ended is None and not one.first_screening:
                    one.first_screening = day
    for referral in found.values():
        _serve(referral, list(found.values()), people, seats, now)
    return list(found.values())


def _serve(
    referral: Referral, all_: list[Referral], people: People, seats: Seats, now: datetime
) -> None:
    """A day of service belongs to the latest referral of the person received up to it.

    Of two records of a person that were referred at one time, the clock of the one that goes on
    counts.
    """
    records = people.records(referral.client, now)
    own = [one for one in all_ if one.client in records]
    if _twice(referral, own, people, now):
        referral.stopped = True
        return
    later = sorted(
        (one.at, one.id, one.received)
        for one in own
        if (one.at, one.id) > (referral.at, referral.id) and not _twice(one, own, people, now)
    )
    until = later[0][2] if later else date.max
    referral.first_service = min(
        (
            seat.day
            for seat in seats.values()
            if seat.client in records
            and seat.held
            and seat.outcome == "attended"
            and referral.received <= seat.day < until
        ),
        default=None,
    )


def _twice(referral: Referral, own: list[Referral], people: People, now: datetime) -> bool:
    """Whether it is of a merged record, and the one that goes on was referred at the same time."""
    survivor = people.survivor(referral.client, now)
    return survivor != referral.client and any(
        one.client == survivor
        and (referral.ended is None or one.at < referral.ended)
        and (one.ended is None or referral.at < one.ended)
        for one in own
    )


def access(measure: str, referrals: list[Referral], today: date) -> dict[str, Any]:
    """The counts of one measure over some referrals."""
    counts: Counter[str] = Counter()
    waited: list[int] = []
    for one in referrals:
        happened: date | None = getattr(one, measure)
        latest = TARGET_DAYS[measure] - 1
        if happened is not None:
            days = max(0, (happened - one.received).days)
            waited.append(days)
            counts["within" if days <= latest else "late"] += 1
        elif one.stopped:
            counts["stopped"] += 1
        else:
            counts["due" if (today - one.received).days <= latest else "late"] += 1
    waited.sort()
    return {
        "measure": measure,
        "referrals": len(referrals),
        **{name: counts[name] for name in ("within", "late", "due", "stopped")},
        "median_days": _rank(waited, 50),
        "percentile_90_days": _rank(waited, 90),
    }


def _rank(waited: list[int], percent: int) -> int | None:
    """By nearest rank."""
    return waited[ceil(len(waited) * percent / 100) - 1] if waited else None
