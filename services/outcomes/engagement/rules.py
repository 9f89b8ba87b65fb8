"""The rolling window of a client's sessions.

The state is idempotent by construction: for each session it keeps what the event with the highest
sequence said, so that events may come again, and in any order, without changing the result; and
two states of one client can be merged.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypedDict
from zoneinfo import ZoneInfo

from shared.contracts.scheduling import AttendanceEvent, SessionAttended, SessionMissed

WINDOW = timedelta(weeks=4)
"""The attendance that step-down policies look at. Source: common step-down templates."""

Outcome = Literal["attended", "missed", "excused"]


class SessionState(TypedDict):
    """What is known of one session of one client. Minutes are credited minutes."""

    starts_at: str
    """In UTC, so that sessions sort by it."""
    local_date: str
    """At the site: weeks are counted there, so that a change of clocks makes none longer."""
    outcome: Outcome
    scheduled: int
    attended: int
    sequence: int


class Window(TypedDict):
    """The state kept for one client."""

    site_id: str
    sequence: int
    sessions: dict[str, SessionState]


class Summary(TypedDict):
    """The figures of a window; see `shared.contracts.outcomes.EngagementChanged`."""

    window_from: datetime
    window_until: datetime
    sessions_attended: int
    sessions_missed: int
    sessions_excused: int
    attended_minutes: int
    missed_minutes: int
    excused_minutes: int
    consecutive_attended: int
    consecutive_missed: int
    weeks_observed: int


class Unusable(ValueError):
    """No figures can be computed from an event; the message says why, never the content."""


def with_event(window: Window | None, event: AttendanceEvent, sequence: int) -> Window:
    """The window after an event; sessions that started before the four weeks drop out.

    Raises:
        Unusable: the start of the session has no offset, or its date at the site is unknown.
    """
    alone = Window(
        site_id=str(event.site_id),
        sequence=sequence,
        sessions={str(event.session_id): _state(event, sequence)},
    )
    return alone if window is None else merged(window, alone)


def check_usable(event: AttendanceEvent) -> None:
    """Refuse an event of which no figures can be computed.

    Raises:
        Unusable: as `with_event` does.
    """
    _state(event, 0)


def merged(one: Window, other: Window) -> Window:
    """What two states of one client know together.

    It makes no difference which is given first, which is older, or how often one is merged: a
    state that somebody wrote late, or that is read twice, takes nothing back.
    """
    older, newer = sorted((one, other), key=lambda window: window["sequence"])
    sessions = dict(older["sessions"])
    for session, state in newer["sessions"].items():
        known = sessions.get(session)
        if known is None or known["sequence"] < state["sequence"]:
            sessions[session] = state
    latest = max(_day(state) for state in sessions.values())
    return Window(
        site_id=newer["site_id"],
        sequence=newer["sequence"],
        sessions={key: state for key, state in sessions.items() if latest - _day(state) < WINDOW},
    )


def summary(window: Window) -> Summary:
    """The figures of a window with at least one session.

    Minutes of a partly attended session that were not attended count as missed. Excused sessions
    neither count in runs nor break them.
    """
    sessions = sorted(window["sessions"].items(), key=lambda item: (item[1]["starts_at"], item[0]))
    states = [state for _, state in sessions]
    latest = datetime.fromisoformat(states[-1]["starts_at"])
    counted = [state["outcome"] for state in states if state["outcome"] != "excused"]
    unexcused = [state for state in states if state["outcome"] != "excused"]
    attended_minutes = sum(state["attended"] for state in states)
    return Summary(
        window_from=latest - WINDOW,
        window_until=latest,
        sessions_attended=counted.count("attended"),
        sessions_missed=counted.count("missed"),
        sessions_excused=len(states) - len(counted),
        attended_minutes=attended_minutes,
        missed_minutes=sum(state["scheduled"] for state in unexcused) - attended_minutes,
        excused_minutes=sum(s["scheduled"] for s in states if s["outcome"] == "excused"),
        consecutive_attended=_run(counted, "attended"),
        consecutive_missed=_run(counted, "missed"),
        weeks_observed=(_day(states[-1]) - _day(states[0])).days // 7 + 1,
    )


def _state(event: AttendanceEvent, sequence: int) -> SessionState:
    attended = event.attended_minutes if isinstance(event, SessionAttended) else 0
    outcome: Outcome = "attended"
    if isinstance(event, SessionMissed):
        outcome = "excused" if event.excused else "missed"
    if event.starts_at.tzinfo is None:
        raise Unusable("starts_at has no offset")
    try:
        zone = ZoneInfo(event.time_zone)
        starts_at = event.starts_at.astimezone(UTC)
        local_date = starts_at.astimezone(zone).date()
        _ = starts_at - WINDOW  # raised here, and not when the figures are computed
    except (KeyError, ValueError, OSError, OverflowError):
        raise Unusable("time_zone or starts_at is out of range") from None
    return SessionState(
        starts_at=starts_at.isoformat(),
        local_date=local_date.isoformat(),
        outcome=outcome,
        scheduled=event.scheduled_minutes,
        attended=attended,
        sequence=sequence,
    )


def _day(state: SessionState) -> date:
    return date.fromisoformat(state["local_date"])


def _run(outcomes: Sequence[Outcome], wanted: Outcome) -> int:
    """How many outcomes at the end are `wanted`."""
    run = 0
    for outcome in reversed(outcomes):
        if outcome != wanted:
            break
        run += 1
    return run
