"""When and where the region meets in its year: two clinics two hours apart, four terms.

The clocks change in the second term (8 March) and in the fourth (1 November). The Sunday evenings
of the western clinic lie in the next week by UTC while winter time holds.
"""

from datetime import date, timedelta
from typing import Any

from stepwell.region.year.plan import Happening, SiteInYear, Term

GROUP_MINUTES, GROUP_BREAK, INDIVIDUAL_MINUTES = 180, 15, 25


def _group(weekday: int, starts: str, kind: str) -> dict[str, Any]:
    return _slot(weekday, starts, kind, GROUP_MINUTES, GROUP_BREAK)


def _individual(weekday: int, starts: str) -> dict[str, Any]:
    return _slot(weekday, starts, "individual", INDIVIDUAL_MINUTES, 0)


def _slot(weekday: int, starts: str, kind: str, minutes: int, pause: int) -> dict[str, Any]:
    return {
        "weekday": weekday,
        "starts": starts,
        "minutes": minutes,
        "break_minutes": pause,
        "kind": kind,
        "topic": "As the plan says",
    }


MONDAY, WEDNESDAY, FRIDAY, SUNDAY = 0, 2, 4, 6
SITES = (
    SiteInYear(
        0,
        "East clinic",
        "America/New_York",
        (
            _group(MONDAY, "18:00", "group"),
            _individual(WEDNESDAY, "16:30"),
            _individual(WEDNESDAY, "17:00"),
            _group(WEDNESDAY, "18:00", "psychoeducation"),
            _group(FRIDAY, "18:00", "life_skills"),
        ),
        records="same_evening",
        seats=(4, 2),
    ),
    SiteInYear(
        1,
        "West clinic",
        "America/Denver",
        (
            _group(SUNDAY, "17:00", "group"),
            _individual(WEDNESDAY, "14:30"),
            _individual(WEDNESDAY, "15:00"),
            _group(WEDNESDAY, "16:00", "psychoeducation"),
            _group(FRIDAY, "18:30", "life_skills"),
        ),
        records="next_morning",
        seats=(4, 3),
    ),
)
TERMS = (
    Term(date(2026, 1, 5), date(2026, 1, 11), 6),
    Term(date(2026, 2, 16), date(2026, 2, 22), 6),
    Term(date(2026, 6, 22), date(2026, 6, 28), 6),
    Term(date(2026, 9, 28), date(2026, 10, 4), 6),
)
LOOKED_AT = (
    date(2026, 2, 12),
    date(2026, 3, 31),
    date(2026, 6, 30),
    date(2026, 9, 30),
    date(2026, 10, 30),
    date(2026, 12, 31),
)
BOARDS_AT = (date(2026, 1, 21), date(2026, 3, 2), date(2026, 10, 30))
OPENS_ON = date(2026, 1, 2)


def closed_days() -> list[Happening]:
    """Days and sessions that are not held: some known before, some entered the morning after."""

    def day(on: date, site: int, closed: date, reason: str) -> Happening:
        return Happening(on, "cancel_day", site=site, details={"date": closed, "reason": reason})

    def session(on: date, site: int, when: date, starts: str, reason: str) -> Happening:
        details = {"date": when, "starts": starts, "reason": reason}
        return Happening(on, "cancel_session", site=site, details=details)

    east, west = 0, 1
    return [
        day(date(2026, 1, 14), east, date(2026, 1, 19), "closure"),
        day(date(2026, 2, 5), west, date(2026, 2, 4), "weather"),
        session(date(2026, 2, 9), east, date(2026, 2, 11), "16:30", "staff_absent"),
        day(date(2026, 3, 7), east, date(2026, 3, 6), "weather"),
        session(date(2026, 3, 12), west, date(2026, 3, 11), "16:00", "room"),
        day(date(2026, 3, 25), west, date(2026, 3, 25), "emergency"),
        day(date(2026, 7, 1), east, date(2026, 7, 3), "closure"),
        day(date(2026, 7, 1), west, date(2026, 7, 3), "closure"),
        session(date(2026, 7, 23), west, date(2026, 7, 22), "14:30", "too_few"),
        day(date(2026, 10, 28), west, date(2026, 11, 1), "staff_absent"),
        session(date(2026, 11, 5), east, date(2026, 11, 4), "18:00", "other"),
    ]


def first_monday(term: Term) -> date:
    """The Monday of a term's first week."""
    return term.starts_on + timedelta(days=1)
