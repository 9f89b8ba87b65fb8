"""The rolling window: the same figures in whatever order events come, and however often."""

import copy
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outcomes.engagement.rules import (
    Summary,
    Unusable,
    Window,
    merged,
    summary,
    with_event,
)
from shared.contracts.scheduling import SessionAttended, SessionMissed
from tests.support.attendance import Published, outcome

CLIENT = UUID(int=5)
DENVER = ZoneInfo("America/Denver")
MONDAY = date(2026, 3, 2)


def window_of(events: Sequence[Published]) -> Window:
    window: Window | None = None
    for one in events:
        window = with_event(window, one.event, one.sequence)
    assert window is not None
    return window


def changed(one: Published, **fields: object) -> Published:
    return Published(one.event.model_copy(update=fields), one.sequence)


def held(
    day: date, kind: str = "attended", *, at: str = "17:30", minutes: int = 165, sequence: int = 0
) -> Published:
    """A session by the wall clock of the site in Denver; later days have higher sequences."""
    number = (day - MONDAY).days + 100
    local = datetime.combine(day, time.fromisoformat(at), DENVER)
    made = outcome(CLIENT, number, kind, minutes=minutes, sequence=sequence or number)
    return changed(made, starts_at=local.astimezone(UTC))


def day(number: int) -> date:
    """The day of that number of the program; the first is Monday, 2 March 2026."""
    return MONDAY + timedelta(days=number)


def course_of(*kinds: str) -> Window:
    return window_of([held(day(number), kind) for number, kind in enumerate(kinds)])


def computed_at_once(events: Sequence[Published]) -> Summary:
    """The figures from all events together, with nothing of the rules but the length of the window.

    The last word on each session counts, whoever says it when.
    """
    last_word = {one.event.session_id: one for one in sorted(events, key=lambda e: e.sequence)}
    known = sorted((one.event for one in last_word.values()), key=lambda event: event.starts_at)
    local = [event.starts_at.astimezone(ZoneInfo(event.time_zone)).date() for event in known]
    kept = [e for e, on in zip(known, local, strict=True) if on > local[-1] - timedelta(days=28)]
    first = local[len(known) - len(kept)]
    came = [e for e in kept if isinstance(e, SessionAttended)]
    absent = [e for e in kept if isinstance(e, SessionMissed) and not e.excused]
    excused = [e for e in kept if isinstance(e, SessionMissed) and e.excused]
    run = {True: 0, False: 0}
    for event in kept:
        if event not in excused:
            attended = event in came
            run = {attended: run[attended] + 1, not attended: 0}
    return {
        "window_from": known[-1].starts_at - timedelta(days=28),
        "window_until": known[-1].starts_at,
        "sessions_attended": len(came),
        "sessions_missed": len(absent),
        "sessions_excused": len(excused),
        "attended_minutes": sum(e.attended_minutes for e in came),
        "missed_minutes": sum(e.scheduled_minutes - e.attended_minutes for e in came)
        + sum(e.scheduled_minutes for e in absent),
        "excused_minutes": sum(e.scheduled_minutes for e in excused),
        "consecutive_attended": run[True],
        "consecutive_missed": run[False],
        "weeks_observed": 1 + (local[-1] - first).days // 7,
    }


WORDS = st.tuples(
    st.integers(0, 80).map(lambda number: number * 3),
    st.sampled_from(["attended", "attended", "missed", "excused"]),
    st.sampled_from([165, 90, 0]),
)


def published(words: list[tuple[int, str, int]]) -> list[Published]:
    """Events of up to 60 days, numbered in the order of the list; some correct earlier ones."""
    return [
        outcome(CLIENT, number, kind, minutes=minutes, sequence=sequence)
        for sequence, (number, kind, minutes) in enumerate(words, 1)
    ]


EVENTS = st.lists(WORDS, min_size=1, max_size=20).map(published)
MODEST = settings(max_examples=50, deadline=None)


@MODEST
@given(EVENTS)
def test_the_sums_are_those_of_a_computation_from_all_events_at_once(
    events: list[Published],
) -> None:
    assert summary(window_of(events)) == computed_at_once(events)


@MODEST
@given(EVENTS, st.data())
def test_events_that_come_in_any_order_and_again_lead_to_the_same_window(
    events: list[Published], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(events), max_size=5))
    shuffled = data.draw(st.permutations(events + again))
    assert window_of(shuffled) == window_of(events)


@MODEST
@given(st.lists(WORDS, min_size=3, max_size=20).map(published))
def test_states_of_a_client_merge_to_one_whichever_is_first_and_however_often(
    events: list[Published],
) -> None:
    a, b, c = (window_of(events[part::3]) for part in range(3))
    before = copy.deepcopy((a, b, c))
    assert merged(a, b) == merged(b, a)
    assert merged(merged(a, b), c) == merged(a, merged(b, c)) == window_of(events)
    assert merged(a, a) == a
    assert merged(window_of(events), b) == window_of(events)
    assert (a, b, c) == before


@MODEST
@given(EVENTS)
def test_a_window_is_the_same_after_it_was_written_and_read(events: list[Published]) -> None:
    window = window_of(events)
    assert json.loads(json.dumps(window)) == window


def test_a_correction_counts_and_what_it_corrected_never_comes_back() -> None:
    missed = outcome(CLIENT, 1, "missed", sequence=1)
    corrected = outcome(CLIENT, 1, "attended", minutes=90, sequence=2)
    for events in ([missed, corrected], [corrected, missed], [missed, corrected, missed]):
        window = window_of(events)
        figures = summary(window)
        assert (figures["sessions_attended"], figures["sessions_missed"]) == (1, 0)
        assert (figures["attended_minutes"], figures["missed_minutes"]) == (90, 75)
        assert window["sequence"] == 2


def test_minutes_missed_of_a_session_that_was_left_early_count_as_missed() -> None:
    figures = summary(window_of([held(day(0), minutes=90), held(day(1))]))
    assert (figures["attended_minutes"], figures["missed_minutes"]) == (255, 75)
    assert (figures["sessions_attended"], figures["sessions_missed"]) == (2, 0)


@pytest.mark.parametrize(
    ("kinds", "attended", "missed"),
    [
        (["attended"], 1, 0),
        (["missed"], 0, 1),
        (["excused"], 0, 0),
        (["missed", "attended", "excused", "attended"], 2, 0),
        (["attended", "missed", "excused", "missed", "excused"], 0, 2),
        (["attended", "missed", "attended"], 1, 0),
    ],
)
def test_excused_sessions_neither_count_in_runs_nor_break_them(
    kinds: list[str], attended: int, missed: int
) -> None:
    figures = summary(course_of(*kinds))
    assert (figures["consecutive_attended"], figures["consecutive_missed"]) == (attended, missed)
    assert figures["sessions_excused"] == kinds.count("excused")
    assert figures["excused_minutes"] == 165 * kinds.count("excused")


@pytest.mark.parametrize(
    ("days", "weeks"), [(1, 1), (6, 1), (7, 2), (13, 2), (14, 3), (20, 3), (21, 4), (27, 4)]
)
def test_a_week_is_observed_with_every_seventh_day_after_the_first_session(
    days: int, weeks: int
) -> None:
    figures = summary(window_of([held(day(0)), held(day(days))]))
    assert (figures["weeks_observed"], figures["sessions_attended"]) == (weeks, 2)


def test_a_session_of_four_weeks_ago_is_in_the_window_no_more() -> None:
    figures = summary(window_of([held(day(0), "missed"), held(day(1), "missed"), held(day(28))]))
    assert (figures["sessions_missed"], figures["weeks_observed"]) == (1, 4)
    assert figures["window_until"] - figures["window_from"] == timedelta(weeks=4)


def test_the_window_goes_by_the_days_of_the_site_through_a_change_of_clocks() -> None:
    first, last = held(date(2026, 2, 23)), held(date(2026, 3, 23))
    assert last.event.starts_at - first.event.starts_at == timedelta(days=27, hours=23)
    assert summary(window_of([first, last]))["sessions_attended"] == 1


def test_a_day_ends_at_the_midnight_of_the_site() -> None:
    first = held(date(2026, 2, 23), at="23:30")
    last = held(date(2026, 3, 23), at="00:30")
    assert (last.event.starts_at.date() - first.event.starts_at.date()).days == 27
    assert summary(window_of([first, last]))["sessions_attended"] == 1
    next_day = held(date(2026, 2, 24), at="00:00")
    assert summary(window_of([next_day, last]))["sessions_attended"] == 2


def test_a_weekly_session_is_a_week_apart_when_an_hour_is_skipped_between() -> None:
    first, second = held(date(2026, 3, 2)), held(date(2026, 3, 9))
    assert second.event.starts_at - first.event.starts_at < timedelta(weeks=1)
    assert summary(window_of([first, second]))["weeks_observed"] == 2


@pytest.mark.parametrize(
    "misleading",
    [
        {"starts_at": datetime(2026, 3, 3, 0, 30)},  # noqa: DTZ001  # that is the mistake
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "America"},
        {"time_zone": "../etc/passwd"},
        {"time_zone": ""},
        {"starts_at": datetime(1, 1, 1, 5, tzinfo=UTC)},
        {"starts_at": datetime(1, 1, 10, tzinfo=UTC)},
        {"starts_at": datetime.max.replace(tzinfo=DENVER)},
    ],
)
def test_an_event_without_a_day_at_the_site_is_unusable_and_not_repeated_in_words(
    misleading: dict[str, Any],
) -> None:
    known = window_of([held(day(0))])
    spoiled = changed(held(day(1)), **misleading)
    with pytest.raises(Unusable) as refused:
        with_event(known, spoiled.event, 2)
    told = str(refused.value)
    assert not any(str(value) in told for value in misleading.values() if value)
    assert known == window_of([held(day(0))])
