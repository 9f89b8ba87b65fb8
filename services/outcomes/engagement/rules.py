"""The rolling window of a client's sessions.

The state is idempotent by construction: for each session it keeps what the event with the highest
sequence said, so that events may come again, and in any order, without changing the result; and
two states of one client can be merged.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NotRequired, TypedDict

from shared.calendar import day_at, days_later, weeks_spanned
from shared.contracts.scheduling import (
    AttendanceEvent,
    SessionAttended,
    SessionMissed,
    SessionNotHeld,
)

WINDOW = timedelta(weeks=4)
"""The attendance that step-down policies look at. Source: common step-down templates."""
KEPT = 2 * WINDOW
"""Sessions are remembered for longer than they count, so that the window is still whole when its
latest ones turn out not to have been held."""

SessionEvent = AttendanceEvent | SessionNotHeld
"""What is told of a session of a client."""
Outcome = Literal["attended", "missed", "excused", "uncounted"]
"""`uncounted`: not held by the program, or missed while the stay was on hold; it counts nowhere."""


class SessionState(TypedDict):
    """What is known of one session of one client. Minutes are credited minutes.

    What is not required is missing in states that a release before kept.
    """

    starts_at: str
    """In UTC, so that sessions sort by it."""
    local_date: str
    """At the site: weeks are counted there, so that a change of clocks makes none longer."""
    time_zone: NotRequired[str]
    stay: NotRequired[str | None]
    """The enrolment; None is the one stay without a name, of events that did not tell it."""
    outcome: Outcome
    scheduled: int
    attended: int
    sequence: int


class Window(TypedDict):
    """The state kept for one client."""

    site_id: str
    sequence: int
    latest: NotRequired[str | None]
    """The date of the latest session that ever counted; it only grows, and sessions are forgotten
    by it. Missing in states that a release before kept."""
    sessions: dict[str, SessionState]


class Summary(TypedDict):
    """The figures of a window; see `shared.contracts.outcomes.EngagementChanged`."""

    enrolment_id: str | None
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


def with_event(window: Window | None, event: SessionEvent, sequence: int) -> Window:
    """The window after an event; sessions that count no more for long drop out.

    Raises:
        Unusable: the start of the session has no offset, or its date at the site is unknown.
    """
    state = _state(event, sequence)
    alone = Window(
        site_id=str(event.site_id),
        sequence=sequence,
        latest=state["local_date"] if _counts(state) else None,
        sessions={str(event.session_id): state},
    )
    return alone if window is None else merged(window, alone)


def check_usable(event: SessionEvent) -> None:
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
    latest = max((day for day in (_latest(older), _latest(newer)) if day), default=None)
    if latest is not None:
        oldest = (date.fromisoformat(latest) - KEPT).isoformat()
        recent = {k: s for k, s in sessions.items() if s["local_date"] > oldest}
        sessions = recent or sessions  # should the latest session ever be moved far back
    return Window(
        site_id=newer["site_id"], sequence=newer["sequence"], latest=latest, sessions=sessions
    )


def summary(window: Window) -> Summary:
    """The figures of the latest stay, which is that of the latest session that counts.

    They are of the four weeks, by the calendar of the site, that end with that session. Where none
    counts they are nought, up to the latest session that is known. Minutes of a partly attended
    session that were not attended count as missed. Excused sessions neither count in runs nor
    break them.
    """
    known = sorted(window["sessions"].items(), key=lambda item: (item[1]["starts_at"], item[0]))
    counting = [state for _, state in known if _counts(state)]
    latest = counting[-1] if counting else known[-1][1]
    states = [
        state
        for state in counting
        if state.get("stay") == latest.get("stay") and _day(latest) - _day(state) < WINDOW
    ]
    unexcused = [state for state in states if state["outcome"] != "excused"]
    outcomes = [state["outcome"] for state in unexcused]
    attended_minutes = sum(state["attended"] for state in states)
    until = datetime.fromisoformat(latest["starts_at"])
    return Summary(
        enrolment_id=latest.get("stay"),
        window_from=days_later(until, -WINDOW.days, latest.get("time_zone", "UTC")),
        window_until=until,
        sessions_attended=outcomes.count("attended"),
        sessions_missed=outcomes.count("missed"),
        sessions_excused=len(states) - len(unexcused),
        attended_minutes=attended_minutes,
        missed_minutes=sum(state["scheduled"] for state in unexcused) - attended_minutes,
        excused_minutes=sum(s["scheduled"] for s in states if s["outcome"] == "excused"),
        consecutive_attended=_run(outcomes, "attended"),
        consecutive_missed=_run(outcomes, "missed"),
        weeks_observed=weeks_spanned(_day(states[0]), _day(latest)) if states else 0,
    )


def _state(event: SessionEvent, sequence: int) -> SessionState:
    if event.starts_at.tzinfo is None:
        raise Unusable("starts_at has no offset")
    try:
        starts_at = event.starts_at.astimezone(UTC)
        local_date = day_at(starts_at, event.time_zone)
        # raised here, and not when the figures are computed or sessions forgotten
        _ = days_later(starts_at, -WINDOW.days, event.time_zone), local_date - KEPT
    except (KeyError, ValueError, OSError, OverflowError):
        raise Unusable("time_zone or starts_at is out of range") from None
    return SessionState(
        starts_at=starts_at.isoformat(),
        local_date=local_date.isoformat(),
        time_zone=event.time_zone,
        stay=None if event.enrolment_id is None else str(event.enrolment_id),
        outcome=_outcome(event),
        scheduled=event.scheduled_minutes if isinstance(event, AttendanceEvent) else 0,
        attended=event.attended_minutes if isinstance(event, SessionAttended) else 0,
        sequence=sequence,
    )


def _outcome(event: SessionEvent) -> Outcome:
    if isinstance(event, SessionNotHeld):
        return "uncounted"
    if isinstance(event, SessionMissed):
        return "uncounted" if event.on_hold else "excused" if event.excused else "missed"
    return "attended"


def _counts(state: SessionState) -> bool:
    return state["outcome"] != "uncounted"


def _latest(window: Window) -> str | None:
    """The date by which sessions are forgotten; ISO dates sort as text."""
    if "latest" in window:
        return window["latest"]
    counting = (state["local_date"] for state in window["sessions"].values() if _counts(state))
    return max(counting, default=None)


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
