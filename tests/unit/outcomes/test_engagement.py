"""The rolling window: the same figures in whatever order events come, and however often."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outcomes.engagement.rules.figures import Summary, figures_as_json, summary
from services.outcomes.engagement.rules.window import (
    SessionEvent,
    Unusable,
    Window,
    instant,
    merged,
    sequence_of,
    sessions_of,
    with_event,
)
from services.outcomes.engagement.table import window_of as read_back
from services.outcomes.engagement.wire import engagement
from shared.contracts.scheduling import SessionAttended, SessionMissed
from tests.support.attendance import SITE, Published, outcome

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
    day: date,
    kind: str = "attended",
    *,
    at: str = "17:30",
    minutes: int = 165,
    sequence: int = 0,
    stay: UUID | None = None,
) -> Published:
    """A session by the wall clock of the site in Denver; later days have higher sequences."""
    number = (day - MONDAY).days + 100
    local = datetime.combine(day, time.fromisoformat(at), DENVER)
    made = outcome(CLIENT, number, kind, minutes=minutes, sequence=sequence or number, stay=stay)
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
    counting = [event for event in known if counts(event)]
    latest = (counting or known)[-1]
    until = local(latest)
    kept = [
        event
        for event in counting
        if event.enrolment_id == latest.enrolment_id
        and local(event).date() > until.date() - timedelta(days=28)
    ]
    came = [e for e in kept if isinstance(e, SessionAttended)]
    absent = [e for e in kept if isinstance(e, SessionMissed) and not e.excused]
    excused = [e for e in kept if isinstance(e, SessionMissed) and e.excused]
    run = {True: 0, False: 0}
    for event in kept:
        if event not in excused:
            attended = event in came
            run = {attended: run[attended] + 1, not attended: 0}
    lately = [e for e in kept if local(e).date() > until.date() - timedelta(days=7)]
    last = came[-1] if came else None
    figures: Any = {
        "enrolment_id": str(latest.enrolment_id) if latest.enrolment_id else None,
        "cohort_id": str(latest.cohort_id),
        "window_from": (until - timedelta(days=28)).astimezone(UTC),
        "window_until": latest.starts_at,
        "sessions_attended": len(came),
        "sessions_missed": len(absent),
        "sessions_excused": len(excused),
        **dict(zip(MINUTES, minutes(kept), strict=True)),
        "consecutive_attended": run[True],
        "consecutive_missed": run[False],
        "weeks_observed": 1 + (until.date() - local(kept[0]).date()).days // 7 if kept else 0,
        "sessions_late": sum(e.minutes_late > 0 for e in came),
        "late_minutes": sum(e.minutes_late for e in came),
        "last_attended_at": last and last.starts_at,
        "days_since_attended": last and (until.date() - local(last).date()).days,
        "week_sessions_attended": sum(e in came for e in lately),
        "week_sessions_missed": sum(e in absent for e in lately),
        "week_sessions_excused": sum(e in excused for e in lately),
        **dict(zip((f"week_{name}" for name in MINUTES), minutes(lately), strict=True)),
    }
    return figures  # type: ignore[no-any-return]  # some names are put together


MINUTES = ("attended_minutes", "missed_minutes", "excused_minutes")


def minutes(events: list[Any]) -> tuple[int, int, int]:
    """Attended, missed and excused."""
    attended = sum(e.attended_minutes for e in events if isinstance(e, SessionAttended))
    excused = sum(e.scheduled_minutes for e in events if isinstance(e, SessionMissed) and e.excused)
    return attended, sum(e.scheduled_minutes for e in events) - attended - excused, excused


def local(event: SessionEvent) -> datetime:
    return event.starts_at.astimezone(ZoneInfo(event.time_zone))


def counts(event: SessionEvent) -> bool:
    return isinstance(event, SessionAttended) or (
        isinstance(event, SessionMissed) and not event.on_hold
    )


STAYS = [None, UUID(int=71), UUID(int=72)]
Word = tuple[int, str, int]


def words(days: int) -> st.SearchStrategy[Word]:
    """What becomes of one session in so many days, and the minutes of who came."""
    return st.tuples(
        st.integers(0, days * 4 // 3).map(lambda number: number * 3),
        st.sampled_from(["attended", "attended", "missed", "excused", "not_held", "on_hold"]),
        st.sampled_from([165, 90, 0]),
    )


def published(told: list[Word], bounds: tuple[int, int]) -> list[Published]:
    """Events of three stays, numbered in the order of the list; some correct
    earlier ones. The first stay is of events that do not name it, the others follow it."""
    return [
        outcome(
            CLIENT,
            number,
            kind,
            minutes=minutes,
            sequence=sequence,
            stay=STAYS[sum(number >= bound for bound in bounds)],
        )
        for sequence, (number, kind, minutes) in enumerate(told, 1)
    ]


BOUNDS = st.tuples(st.integers(0, 480), st.integers(0, 480))


EVENTS = st.builds(published, st.lists(words(120), min_size=1, max_size=20), BOUNDS)
REMEMBERED = st.builds(published, st.lists(words(54), min_size=1, max_size=20), BOUNDS)
"""All within the eight weeks for which sessions are remembered."""
MODEST = settings(max_examples=200, deadline=None)


@MODEST
@given(REMEMBERED)
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
@given(st.builds(published, st.lists(words(120), min_size=3, max_size=20), BOUNDS))
def test_states_of_a_client_merge_to_one_whichever_is_first_and_however_often(
    events: list[Published],
) -> None:
    a, b, c = (window_of(events[part::3]) for part in range(3))
    assert merged(a, b) == merged(b, a)
    assert merged(merged(a, b), c) == merged(a, merged(b, c)) == window_of(events)
    assert merged(a, a) == a
    assert merged(window_of(events), b) == window_of(events)


@MODEST
@given(EVENTS)
def test_figures_are_written_as_the_contract_writes_them(events: list[Published]) -> None:
    window = window_of(events)
    told = engagement(str(CLIENT), window)
    assert json.loads(figures_as_json(str(CLIENT), window)) == json.loads(told.model_dump_json())
    assert told.model_fields_set == set(type(told).model_fields)


def test_a_correction_counts_and_what_it_corrected_never_comes_back() -> None:
    missed = outcome(CLIENT, 1, "missed", sequence=1)
    corrected = outcome(CLIENT, 1, "attended", minutes=90, sequence=2)
    for events in ([missed, corrected], [corrected, missed], [missed, corrected, missed]):
        window = window_of(events)
        figures = summary(window)
        assert (figures["sessions_attended"], figures["sessions_missed"]) == (1, 0)
        assert (figures["attended_minutes"], figures["missed_minutes"]) == (90, 75)
        assert sequence_of(window) == 2


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
    by_the_clock = [figures[end].astimezone(DENVER) for end in ("window_from", "window_until")]
    assert [f"{one:%d %B %H:%M}" for one in by_the_clock] == ["02 March 17:30", "30 March 17:30"]


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


SPRING, AUTUMN = UUID(int=81), UUID(int=82)


def test_a_stay_is_counted_from_its_own_sessions_and_goes_on_with_no_run_of_the_one_before() -> (
    None
):
    former = [held(day(number), "missed", stay=SPRING) for number in (14, 16, 18)]
    window = window_of([held(day(11), stay=SPRING), *former, held(day(21), stay=AUTUMN)])
    figures = summary(window)
    assert figures["enrolment_id"] == str(AUTUMN)
    assert (figures["sessions_attended"], figures["sessions_missed"]) == (1, 0)
    assert (figures["consecutive_attended"], figures["weeks_observed"]) == (1, 1)


def test_attendance_of_a_former_stay_that_is_recorded_late_leaves_the_present_one_alone() -> None:
    present = window_of([held(day(number), stay=AUTUMN) for number in (21, 23)])
    late = with_event(present, held(day(18), "missed", stay=SPRING).event, 999)
    assert summary(late) == summary(present)
    assert sequence_of(late) == 999


def test_a_run_of_misses_that_ended_a_stay_does_not_go_on_after_excused_sessions() -> None:
    ended = [held(day(number), "missed", stay=SPRING) for number in (14, 16)]
    back = held(day(21), "excused", stay=AUTUMN)
    figures = summary(window_of([*ended, back]))
    assert (figures["consecutive_missed"], figures["sessions_excused"]) == (0, 1)


def test_nine_attended_then_five_of_seven_after_the_admission_anew_is_five_of_seven() -> None:
    course = [held(day(number), stay=SPRING) for number in (0, 2, 4, 7, 9, 11, 14, 16, 18)]
    missed = {date(2026, 3, 25), date(2026, 3, 30)}
    for number in (21, 23, 25, 28, 30, 32, 35):
        kind = "missed" if day(number) in missed else "attended"
        course.append(held(day(number), kind, stay=AUTUMN))
    figures = summary(window_of(course))
    assert (figures["sessions_attended"], figures["sessions_missed"]) == (5, 2)


@pytest.mark.parametrize("kind", ["not_held", "on_hold"])
def test_what_was_not_held_or_missed_in_a_hold_counts_nowhere(kind: str) -> None:
    without = [held(day(0)), held(day(2), "missed"), held(day(4))]
    nowhere = held(day(7), kind)
    figures, expected = summary(window_of([*without, nowhere])), summary(window_of(without))
    assert figures == expected


def test_of_twelve_sessions_one_of_which_is_not_held_nine_of_eleven_were_attended() -> None:
    kinds = ["attended"] * 9 + ["excused", "missed", "not_held"]
    figures = summary(window_of([held(day(n), kind, stay=SPRING) for n, kind in enumerate(kinds)]))
    counted = [figures[f"sessions_{what}"] for what in ("attended", "missed", "excused")]  # type: ignore[literal-required]
    assert counted == [9, 1, 1]


def test_a_session_that_is_not_held_after_all_takes_its_attendance_back_in_any_order() -> None:
    known = [held(day(0), stay=SPRING), held(day(2), "missed", sequence=2, stay=SPRING)]
    taken_back = held(day(2), "not_held", sequence=3, stay=SPRING)
    for events in ([*known, taken_back], [taken_back, *known], [known[1], taken_back, known[0]]):
        assert summary(window_of(events)) == summary(window_of([known[0]]))


def test_a_month_that_is_called_off_ahead_takes_nothing_out_of_the_window() -> None:
    known = [held(day(number), stay=SPRING) for number in (0, 7, 14)]
    ahead = [held(day(number), "not_held", stay=SPRING) for number in (77, 79, 100)]
    assert summary(window_of([*known, *ahead])) == summary(window_of(known))


def test_the_window_is_whole_when_its_latest_session_was_not_held_after_all() -> None:
    known = [held(day(number)) for number in (1, 3, 27)]
    latest, taken_back = held(day(30)), held(day(30), "not_held", sequence=500)
    assert summary(window_of([*known, latest]))["sessions_attended"] == 3
    assert summary(window_of([*known, latest, taken_back])) == summary(window_of(known))


def test_figures_are_nought_while_no_session_counts() -> None:
    figures = summary(window_of([held(day(0), sequence=1), held(day(0), "not_held", sequence=2)]))
    told = [value for name, value in figures.items() if name not in KEYS]
    assert [value for value in told if value is not None] == [0] * 17
    assert figures["window_until"] == held(day(0)).event.starts_at


KEYS = ("enrolment_id", "cohort_id", "window_from", "window_until")


def former_release(window: Window, *, named: bool) -> Window:
    """The state as JSON, as it was kept before, and before sessions had a stay; read back."""
    sessions: dict[str, Any] = {}
    for one in sessions_of(window):
        sessions[str(UUID(bytes=one.session))] = {
            "starts_at": instant(one.start).isoformat(),
            "local_date": date.fromordinal(one.day).isoformat(),
            "outcome": ("uncounted", "attended", "missed", "excused")[one.outcome],
            "scheduled": one.scheduled,
            "attended": one.attended,
            "sequence": one.sequence,
        } | ({"time_zone": "America/Denver", "stay": str(SPRING)} if named else {})
    told = {"site_id": str(SITE), "sequence": sequence_of(window), "sessions": sessions}
    if named:
        told["latest"] = max(state["local_date"] for state in sessions.values())
    return read_back(json.dumps(told).encode())


@pytest.mark.parametrize("named", [True, False])
def test_state_that_the_releases_before_kept_is_read_and_goes_on(named: bool) -> None:
    stay = SPRING if named else None
    events = [held(day(number), stay=stay) for number in (0, 2, 4)]
    old = former_release(window_of(events), named=named)
    unknown = {"cohort_id": None} | ({} if named else {"window_from": None})
    assert summary(old) | unknown == summary(window_of(events)) | unknown
    following = held(day(7), stay=stay)
    assert summary(with_event(old, following.event, 900))["sessions_attended"] == 4
    assert merged(old, window_of([following])) == merged(window_of([following]), old)
    assert merged(old, old) == old


def test_a_correction_of_a_session_that_a_former_release_kept_takes_its_place() -> None:
    old = former_release(window_of([held(day(0), stay=SPRING)]), named=True)
    figures = summary(with_event(old, held(day(0), "missed", stay=SPRING).event, 900))
    assert (figures["sessions_attended"], figures["sessions_missed"]) == (0, 1)
    assert figures["cohort_id"] is not None


def test_events_that_name_no_stay_are_a_stay_of_their_own() -> None:
    nameless = [held(day(number)) for number in (0, 2, 4)]
    figures = summary(window_of([*nameless, held(day(7), stay=SPRING)]))
    assert (figures["enrolment_id"], figures["sessions_attended"]) == (str(SPRING), 1)
    assert summary(window_of(nameless))["enrolment_id"] is None


@pytest.mark.parametrize("enrolled_on", [date(2026, 3, 2), date(2026, 10, 19)])
def test_three_weeks_of_evenings_are_three_weeks_through_a_change_of_clocks(
    enrolled_on: date,
) -> None:
    days = [enrolled_on + timedelta(days=number) for number in (0, 2, 4, 7, 9, 11, 14)]
    figures = summary(window_of([held(on, at="18:30", stay=SPRING) for on in days]))
    assert (figures["weeks_observed"], figures["sessions_attended"]) == (3, 7)


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
        {"scheduled_minutes": -1},
        {"scheduled_minutes": 10**12},
        {"minutes_late": 10**12},
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
