"""What a week at a site asks for, and which level of care its minutes make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any, Literal

from services.scheduling.hours.policy import PROGRAM_LEVEL, LevelHours, WeekPolicy
from shared.calendar import Week, day_at, days_later


def meets_minimum(planned_minutes: int, level: str, minimum_minutes: Mapping[str, int]) -> bool:
    """Whether a week offers what `level` asks for.

    What is planned decides, less the breaks; attended minutes below it call for clinical follow-up
    and do not end the level.
    """
    return planned_minutes >= minimum_minutes[level]


def level_of(planned_minutes: int, minimum_minutes: Mapping[str, int]) -> str | None:
    """The highest level whose minimum a week of `planned_minutes` reaches, or None below all."""
    reached = [level for level, least in minimum_minutes.items() if planned_minutes >= least]
    return max(reached, key=minimum_minutes.__getitem__, default=None)


Standing = Literal["short", "at_risk", "on_track", "met", "not_judged"]
"""Of a week that is settled: `short` or `met`; before that by what is still planned: `at_risk` or
`on_track`, and `met` as soon as enough is credited."""
Told = Literal["at_risk", "short"] | None
"""What was last told of a week and not taken back."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a week has to offer: credited minutes and treatment days at least, planned minutes at
    most."""

    minimum_minutes: int
    maximum_minutes: int | None
    minimum_days: int


@dataclass(frozen=True, slots=True)
class Sums:
    """A client's week: minutes less breaks, and days of the site's calendar with a session.

    `open_minutes` are those of sessions of which nothing is recorded, to come or over; a forecast
    takes it that they are attended. Made-up minutes are among the attended ones of the week in
    which they are held.
    """

    sessions: int = 0
    planned_minutes: int = 0
    attended_minutes: int = 0
    makeup_minutes: int = 0
    open_minutes: int = 0
    planned_days: int = 0
    attended_days: int = 0
    forecast_days: int = 0
    sessions_on_hold: int = 0
    """Missed or to come while the stay is on hold; in none of the others."""

    @property
    def forecast_minutes(self) -> int:
        return self.attended_minutes + self.open_minutes


@dataclass(frozen=True, slots=True)
class Seat:
    """How long a client has had the seat, whether the stay is on hold now, since when, and whether
    a hold that is over fell into the week."""

    placed_at: datetime
    ended_at: datetime | None
    held_since: datetime | None
    was_held: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The instants of a week: from and until when it is warned of, and when it is settled."""

    warn_from: datetime
    warn_until: datetime
    final_at: datetime

    @classmethod
    def of(cls, week: Week, zone: str, policy: WeekPolicy) -> "Window":
        """The instants of `week`; days are those of the calendar of `zone`."""
        starts_at, ends_at = week.bounds(zone)
        warn_from = days_later(starts_at, -policy.warn_days_before_start, zone)
        warn_until = days_later(ends_at, -policy.last_warning_days_before_end, zone)
        return cls(warn_from, warn_until, ends_at + timedelta(hours=policy.final_after_hours))


@dataclass(frozen=True, slots=True)
class Judged:
    """How a week stands, and what is missing of it: of the credited minutes and days once it is
    settled, before that of the forecast."""

    standing: Standing
    asked: Asked
    missing_minutes: int = 0
    missing_days: int = 0


def asked_of(phases: Sequence[Mapping[str, Any]], phase: int, level: LevelHours) -> Asked:
    """What the phase of a cohort asks of a week; what it leaves open the level says."""
    own = phases[phase - 1] if 0 < phase <= len(phases) else {}

    def of(name: str, otherwise: int | None) -> Any:
        return otherwise if own.get(name) is None else own[name]

    least = of("minimum_minutes", level.minimum_minutes[PROGRAM_LEVEL])
    most = of("maximum_minutes", level.maximum_minutes.get(PROGRAM_LEVEL))
    return Asked(least, most, of("minimum_days", level.minimum_days.get(PROGRAM_LEVEL, 0)))


def share_of(week: Week, zone: str, seat: Seat, sums: Sums, policy: WeekPolicy) -> Fraction:
    """The part of a week's minimum that a client is judged by; 0: the week is not judged.

    Of a week in which the stay began or ended, the days on which it lasted are its part.
    """
    starts_at, ends_at = week.bounds(zone)
    whole = seat.placed_at <= starts_at and (seat.ended_at is None or seat.ended_at >= ends_at)
    sunday = week.monday + timedelta(days=6)
    first = max(week.monday, day_at(seat.placed_at, zone))
    last = sunday if seat.ended_at is None else min(sunday, day_at(seat.ended_at, zone))
    part = Fraction(max(0, (last - first).days + 1), 7)
    if not whole and policy.stay_began_or_ended == "not_judged":
        return Fraction(0)
    held = seat.held_since is not None and seat.held_since < ends_at
    if held or seat.was_held or sums.sessions_on_hold:
        if policy.on_hold == "not_judged":
            return Fraction(0)
        all_of_them = sums.sessions + sums.sessions_on_hold
        part *= Fraction(sums.sessions, all_of_them) if all_of_them else 0
    return part


def judge(sums: Sums, asked: Asked, share: Fraction, *, final: bool) -> Judged:
    """Hold a week against its share of what is asked; a share of minutes is rounded up, one of days
    down, so that it can be kept."""
    if not share:
        return Judged("not_judged", asked)
    minutes = ceil(asked.minimum_minutes * share)
    days = int(asked.minimum_days * share)
    part = Asked(minutes, asked.maximum_minutes, days)
    if sums.attended_minutes >= minutes and sums.attended_days >= days:
        return Judged("met", part)
    counted = sums.attended_minutes if final else sums.forecast_minutes
    on = sums.attended_days if final else sums.forecast_days
    missing = max(0, minutes - counted), max(0, days - on)
    if final:
        return Judged("short", part, *missing)
    return Judged("at_risk" if any(missing) else "on_track", part, *missing)


def word_of(standing: Standing, told: Told, now: datetime, window: Window) -> Told:
    """What holds now and is to be told where it is not what was `told`.

    Nobody is warned so late that no session could be added any more; a warning that was given
    stands until the week is settled, or as long as it is true.
    """
    if standing == "at_risk" and (told or window.warn_from <= now <= window.warn_until):
        return "at_risk"
    return "short" if standing == "short" else None
