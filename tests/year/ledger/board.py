"""The figures of the region board by their definitions."""

import statistics
from datetime import date, datetime, timedelta
from typing import Any

from tests.year.ledger import data_file
from tests.year.ledger.access import Referral
from tests.year.ledger.journal import Journal
from tests.year.ledger.people import People
from tests.year.ledger.placements import kept, placements_of, waiting
from tests.year.ledger.risks import Risk
from tests.year.ledger.sessions import Seat, Seats
from tests.year.ledger.short_weeks import Watched
from tests.year.ledger.stays import Stay

CLOCKS = data_file("outcomes/board/data/clocks.yaml")
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
Found = dict[str, float | None]


class Board:
    """What one site's figures are at an instant."""

    def __init__(self, site: str, journal: Journal, people: People, now: datetime) -> None:
        self.site, self.journal, self.people, self.now = site, journal, people, now
        self.zone = journal.zones[site]
        self.today = now.astimezone(self.zone).date()

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def persons(self, clients: Any) -> int:
        return len({self.people.records(one, self.now) for one in clients})

    def stays(self, stays: list[Stay]) -> Found:
        here = [one for one in stays if one.site == self.site and one.ends is None]
        held = (one.client for one in here if one.state == "on_hold")
        return {"census": self.persons(one.client for one in here), "on_hold": self.persons(held)}

    def seats(self, going_on: set[str]) -> Found:
        capacity: dict[str, int] = {}
        for event in self.journal.named("CohortChanged"):
            if event.data["site_id"] == self.site:
                capacity[event.data["cohort_id"]] = event.data["capacity"]
        taken = [
            one.cohort
            for one in placements_of(self.journal).values()
            if one.site == self.site and one.ends is None
        ]
        held = [
            cohort
            for site, cohort, stay in kept(self.journal, self.now).values()
            if site == self.site and stay in going_on
        ]
        used = [*taken, *held]
        free = [max(0, seats - used.count(cohort)) for cohort, seats in capacity.items()]
        return {
            "capacity": sum(capacity.values()),
            "seats_taken": len(taken),
            "seats_held": len(held),
            "seats_free": sum(free),
        }

    def waits(self, going_on: set[str]) -> Found:
        waits = [
            (client, (self.today - self.day(since)).days)
            for stay, (client, site, since) in waiting(self.journal).items()
            if site == self.site and stay in going_on
        ]
        days = [waited for _, waited in waits]
        return {
            "waiting": self.persons(client for client, _ in waits),
            "waiting_longest_days": max(days, default=None),
            "waiting_median_days": statistics.median(days) if days else None,
        }

    def referrals(self, referrals: list[Referral]) -> Found:
        opened = [r for r in referrals if r.site == self.site and r.ended is None]
        last: dict[frozenset[str], list[int]] = {}
        for one in opened:
            target = CLOCKS["first_service" if one.first_screening else "first_screening"]
            days = (one.received + timedelta(target - 1) - self.today).days
            last.setdefault(self.people.records(one.client, self.now), []).append(days)
        return {
            "referrals_open": len(last),
            "referrals_due_soon": sum(
                any(0 <= one <= CLOCKS["soon_days"] for one in some) for some in last.values()
            ),
            "referrals_overdue": sum(any(one < 0 for one in some) for some in last.values()),
        }

    def sessions(self, seats: Seats, stays: list[Stay]) -> Found:
        def away(seat: Seat) -> bool:
            return seat.outcome not in (None, "attended") and any(
                stay.client == seat.client and stay.holds_at(seat.starts) for stay in stays
            )

        today = [
            seat
            for seat in seats.values()
            if seat.site == self.site and seat.day == self.today
            if seat.expected and seat.held and not away(seat)
        ]
        outcomes = [seat.outcome for seat in today]
        return {
            "sessions_today": len({seat.session for seat in today}),
            "expected_today": len(today),
            "came_today": outcomes.count("attended"),
            "missed_today": outcomes.count("missed"),
            "excused_today": outcomes.count("excused"),
        }

    def hours(self, weeks: list[Watched], going_on: set[str]) -> Found:
        this = self.today - timedelta(self.today.weekday())
        words = [
            (one.monday, one.word[0])
            for one in weeks
            if one.placement.site == self.site and one.placement.stay in going_on and one.word
        ]
        return {
            "hours_at_risk": sum(w == "at_risk" and monday >= this for monday, w in words),
            "hours_short": sum(
                w == "short" and this - 4 * WEEK <= monday < this for monday, w in words
            ),
        }

    def flags(self, risks: list[Risk]) -> Found:
        opened = [one for one in risks if one.site == self.site and one.state == "raised"]
        ages = [self.now - one.raised for one in opened]
        return {
            "flags_open": len(opened),
            "flags_late": sum(one.by <= self.now for one in opened),
            "flags_under_a_day": sum(age < DAY for age in ages),
            "flags_one_to_seven_days": sum(DAY <= age < WEEK for age in ages),
            "flags_over_seven_days": sum(age >= WEEK for age in ages),
        }
