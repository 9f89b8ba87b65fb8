"""A year from a seed: the same seed gives the same year."""

from datetime import date, time, timedelta
from random import Random

from stepwell.region.presence import presence
from stepwell.region.rates import base_rates
from stepwell.region.year.calendar import (
    BOARDS_AT,
    LOOKED_AT,
    SITES,
    TERMS,
    closed_days,
    first_monday,
)
from stepwell.region.year.course import Course
from stepwell.region.year.duplicates import DUPLICATES
from stepwell.region.year.plan import Answer, ClientInYear, Happening, Year
from stepwell.region.year.stories import REASONS, STORIES, Turn, written_down

MORNING = time(15, 30)
SESSIONS = 150
"""More than anybody is expected at."""
OLDEST = date(1958, 1, 1)
DAYS_OF_BIRTH = 44 * 365


def make_year(seed: int = 1) -> Year:
    """60 clients at two sites: each story in each term, people taken in twice, and people who
    never enter the program."""
    happenings: list[Happening] = closed_days()
    clients: list[ClientInYear] = []

    def client(site: int, answer: Answer, rate: float) -> Course:
        number = len(clients) + 1
        clients.append(_client(seed, number, site, answer, rate))
        return Course(number)

    for term, plan in enumerate(TERMS):
        for turn, (story, answer, rate) in enumerate(STORIES):
            reason = REASONS[(term * 5 + turn) % len(REASONS)]
            course = client((turn + term) % len(SITES), answer, rate)
            story(course, Turn(term, first_monday(plan), reason))
            happenings += course.happenings
    for duplicate in DUPLICATES:
        course = client(clients[duplicate.first - 1].site, "leave_open", 0.85)
        duplicate.live(course, duplicate.first)
        happenings += course.happenings
    for nth, (on, screened, end) in enumerate(NEVER_ENTER):
        course = client(nth % len(SITES), "leave_open", 0.8)
        _never_enters(course, on, screened, end)
        happenings += course.happenings
    in_order = tuple(_in_order(happenings))
    return Year(seed, MORNING, SITES, TERMS, tuple(clients), in_order, LOOKED_AT, BOARDS_AT)


NEVER_ENTER: tuple[tuple[date, int | None, tuple[str, str] | None], ...] = (
    (date(2026, 1, 22), 9, ("redirected", "higher_level_needed")),
    (date(2026, 3, 10), None, ("lost", "unreachable")),
    (date(2026, 4, 15), 0, ("declined", "no_longer_interested")),
    (date(2026, 7, 7), None, ("declined", "entered_in_error")),
    (date(2026, 9, 22), 3, ("redirected", "no_seat_in_time")),
    (date(2026, 12, 21), None, None),
)
"""The day of the referral, days to the screening if there is one, and how the referral ends."""
UNTIL_ITS_END = 11


def _never_enters(
    course: Course, on: date, screened: int | None, end: tuple[str, str] | None
) -> None:
    course.add(on, "refer")
    if screened is not None:
        course.add(
            on + timedelta(days=screened), "screen", occasion="intake", totals=(10, 8), item9=0
        )
    if end is not None:
        state, reason = end
        course.add(on + timedelta(days=UNTIL_ITS_END), "end_referral", state=state, reason=reason)


def _client(seed: int, number: int, site: int, answer: Answer, rate: float) -> ClientInYear:
    rng = Random(f"{seed}/year/client/{number}")  # noqa: S311 - simulated, not secret
    return ClientInYear(
        number=number,
        site=site,
        given_name=f"Client {number:02}",
        birth_date=OLDEST + timedelta(days=rng.randrange(DAYS_OF_BIRTH)),
        channel="log" if number % 10 == 0 else "email",
        email=f"year-{number:02}@example.test",
        sessions=written_down(presence(base_rates(), rng, rate=rate, sessions=SESSIONS)),
        on_recommendation=answer,
    )


def _in_order(happenings: list[Happening]) -> list[Happening]:
    """By day; what one client lives through on a day stays in its order."""
    return sorted(happenings, key=lambda one: one.on)
