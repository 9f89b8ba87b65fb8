"""Weeks that come to less than they have to: how each stands, and what was told of it when."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from tests.year.ledger import data_file
from tests.year.ledger.hours import COUNTING, Week, week_of
from tests.year.ledger.journal import Journal
from tests.year.ledger.placements import Placement
from tests.year.ledger.sessions import TOLD, Seat, Seats, tell
from tests.year.ledger.stays import Stay

POLICY = data_file("scheduling/hours/data/weeks.yaml")
ADULTS = data_file("scheduling/hours/data/levels.json")["populations"]["adult"]
MINUTES, DAYS = ADULTS["minimum_minutes"]["2.1"], ADULTS["minimum_days"]["2.1"]
OF_STAY = ("EpisodeStateChanged", "ClientPlaced", "PlacementEnded")
WEEK = timedelta(weeks=1)
Word = tuple[str, int, int] | tuple[str] | None
"""What was told last and holds: at risk; or short, and the minutes and days that are missing."""


@dataclass(frozen=True)
class Standing:
    """How a week stands at an instant."""

    sessions: int
    planned: int
    attended: int
    open: int
    standing: str
    missing_minutes: int = 0
    missing_days: int = 0


@dataclass
class Watched:
    """A week of a seat, and each instant at which another word held of it."""

    placement: Placement
    monday: date
    words: list[tuple[datetime, Word]] = field(default_factory=list)

    @property
    def word(self) -> Word:
        return self.words[-1][1] if self.words else None


def watched(
    journal: Journal, placements: dict[str, Placement], stays: list[Stay], now: datetime
) -> dict[tuple[str, Week], Watched]:
    """Every week of every seat that lasted in it, as it was looked at again with each change."""
    found: dict[tuple[str, Week], Watched] = {}
    by_id = {stay.id: stay for stay in stays}
    for placement in placements.values():
        _watch(journal, placement, by_id[placement.stay], now, found)
    return found


def _watch(
    journal: Journal,
    placement: Placement,
    stay: Stay,
    now: datetime,
    found: dict[tuple[str, Week], Watched],
) -> None:
    zone = journal.zones[placement.site]
    told = journal.about(frozenset({placement.client}), now).named(*TOLD, *OF_STAY)
    monday = placement.begins.astimezone(zone).date()
    monday -= timedelta(monday.weekday())
    weeks = []
    last = now if placement.ends is None else placement.ends
    while _window(monday, zone)[0] <= last:
        weeks.append(Watched(placement, monday))
        found[placement.id, week_of(monday)] = weeks[-1]
        monday += WEEK
    due = {at for one in weeks for at in _window(one.monday, zone) if at <= now}
    changes = {at: list(some) for at, some in groupby(told, lambda event: event.at)}
    seats: Seats = {}
    for at in sorted({*changes, *due}):
        for event in changes.get(at, ()):
            if event.name in TOLD:
                tell(seats, event)
        if at < placement.begins:
            continue
        by_week = defaultdict(list)
        for seat in seats.values():
            if seat.stay == stay.id:
                by_week[week_of(seat.day)].append(seat)
        for one in weeks:
            first, last_warning, _ = _window(one.monday, zone)
            if at < first:
                break
            mine = by_week[week_of(one.monday)]
            stands = standing(mine, placement, stay, one.monday, at, zone)
            word: Word = None
            if stands.standing == "short":
                word = ("short", stands.missing_minutes, stands.missing_days)
            elif stands.standing == "at_risk" and (one.word or at <= last_warning):
                word = ("at_risk",)
            if (word and word[0]) != (one.word and one.word[0]):
                one.words.append((at, word))


def standing(
    seats: list[Seat], placement: Placement, stay: Stay, monday: date, at: datetime, zone: Any
) -> Standing:
    """How a week stood at an instant, by its seats as they were known then."""
    here = [s for s in seats if s.kind in COUNTING and s.expected and s.held]
    away = {seat.session for seat in here if seat.outcome != "attended" and _held(stay, seat, at)}
    counted = [seat for seat in here if seat.session not in away]
    opened = [seat for seat in counted if seat.outcome is None]
    came = [seat for seat in counted if seat.attended]
    attended, to_come = sum(s.attended for s in came), sum(s.minutes for s in opened)
    sums = (len(counted), sum(seat.minutes for seat in counted), attended, to_come)
    begins, ends = bounds(monday, zone)
    until = placement.ends if placement.ends is not None and placement.ends <= at else None
    whole = placement.begins <= begins and (until is None or until >= ends)
    if not whole or away or _on_hold(stay, begins, ends, at):
        return Standing(*sums, "not_judged")
    days = {seat.day for seat in came}
    if attended >= MINUTES and len(days) >= DAYS:
        return Standing(*sums, "met")
    settled = at >= _window(monday, zone)[2]
    minutes = attended if settled else attended + to_come
    days |= set() if settled else {seat.day for seat in opened}
    missing = max(0, MINUTES - minutes), max(0, DAYS - len(days))
    word = "short" if settled else "at_risk" if any(missing) else "on_track"
    return Standing(*sums, word, *missing)


def _held(stay: Stay, seat: Seat, at: datetime) -> bool:
    """Whether the session begins in a hold, as it was known at an instant."""
    return any(
        since <= at and since <= seat.starts and (to is None or to > at or seat.starts < to)
        for since, to in stay.holds
    )


def _on_hold(stay: Stay, begins: datetime, ends: datetime, at: datetime) -> bool:
    """Whether a part of a week was on hold, as it was known at an instant."""
    return any(
        since <= at and since < ends and (to is None or to > at or to > begins)
        for since, to in stay.holds
    )


def _window(monday: date, zone: Any) -> tuple[datetime, datetime, datetime]:
    """From when and until when a week is warned of, and when it is settled."""
    after = monday + WEEK
    return (
        _midnight(monday - timedelta(POLICY["warn_days_before_start"]), zone),
        _midnight(after - timedelta(POLICY["last_warning_days_before_end"]), zone),
        (_midnight(after, zone).astimezone(UTC) + timedelta(hours=POLICY["final_after_hours"])),
    )


def bounds(monday: date, zone: Any) -> tuple[datetime, datetime]:
    """When a week begins and ends at the site."""
    return _midnight(monday, zone), _midnight(monday + WEEK, zone)


def _midnight(day: date, zone: Any) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
