"""Calendars as iCalendar readers take them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from icalendar import Calendar

from services.scheduling.calendars.policy import feed_policy
from services.scheduling.calendars.queries import window
from services.scheduling.calendars.rules import Entry, Feed, render, tag_of

STARTS = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
ENTRY = Entry(
    UUID(int=1), UUID(int=2), "group", STARTS, STARTS + timedelta(hours=3), 4, False, "Blue room"
)
FEED = Feed("staff", "en", datetime(2026, 2, 1, tzinfo=UTC), (ENTRY,))


def test_an_entry_is_one_plain_event_in_utc_with_an_end() -> None:
    text = render(FEED, feed_policy()).decode()
    lines = text.split("\r\n")
    for line in (
        "DTSTART:20260303T003000Z",
        "DTEND:20260303T033000Z",
        "SEQUENCE:4",
        "STATUS:CONFIRMED",
        "SUMMARY:Group",
        "LOCATION:Blue room",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ):
        assert line in lines, text
    for never in ("RRULE", "RANGE", "RECURRENCE-ID", "VTIMEZONE", "TZID", "DURATION:PT3H"):
        assert never not in text


def test_a_client_reads_neither_what_it_is_nor_where() -> None:
    (event,) = Calendar.from_ical(render(replace(FEED, kind="client"), feed_policy())).walk(
        "VEVENT"
    )
    assert (str(event["summary"]), "location" in event) == ("Appointment", False)
    assert str(UUID(int=1)) not in str(event["uid"])


def test_every_language_has_words_for_every_kind() -> None:
    titles = feed_policy().titles
    assert set(titles) == {"en", "es"}
    assert len({frozenset(one.kinds) for one in titles.values()}) == 1
    assert len(titles["en"].kinds) == 5


def test_the_tag_is_another_one_whenever_something_is_shown_otherwise() -> None:
    policy = feed_policy()
    others = [
        replace(FEED, entries=()),
        replace(FEED, language="es"),
        replace(FEED, entries=(replace(ENTRY, cancelled=True, sequence=5),)),
        replace(FEED, entries=(replace(ENTRY, room="Green room"),)),
    ]
    assert len({tag_of(one, policy) for one in (FEED, *others)}) == 5
    assert tag_of(replace(FEED), policy) == tag_of(FEED, policy)


def test_what_is_covered_moves_once_a_day() -> None:
    policy = feed_policy()
    morning, evening = (datetime(2026, 3, 3, hour, 59, tzinfo=UTC) for hour in (0, 23))
    assert window(morning, policy) == window(evening, policy)
    since, until = window(morning, policy)
    assert (since, until) == (
        datetime(2026, 2, 3, tzinfo=UTC),
        datetime(2026, 6, 3, tzinfo=UTC),
    )
