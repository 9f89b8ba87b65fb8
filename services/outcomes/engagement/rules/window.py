"""What is known of a client's sessions, as the bytes that are kept in memory and in Kafka.

The state is idempotent by construction: for each session it keeps what the event with the highest
sequence said, so that events may come again, and in any order, without changing the result; and
two states of one client can be merged. It has one form for one content, whichever way it came
about: sessions in the order of their start, and the stays that they name in the order of their
bytes.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from shared.calendar import day_at, days_later
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
Window = bytes
"""The state kept for one client: a head, the seats that its sessions name, and the sessions."""
FORMAT = 1
HEAD = Struct(">B16sqIH")
"""Format, site, highest sequence, day of the latest session that ever counted (it only grows, and
sessions are forgotten by it; 0 while none did), number of seats."""
SEAT = Struct(">B16s16s")
"""Length of the name of the zone, stay and cohort (nil: not told); then the zone."""
ROW = Struct(">Q16sqIHBHHH")
"""A `Session`, with the number of its seat. Rows sort by start as bytes."""
DAY = Struct(">I")
DAY_AT = 32
ZERO = datetime(1, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NIL = bytes(16)
LONGEST_MINUTES = 65_535
UNCOUNTED, ATTENDED, MISSED, EXCUSED = range(4)
"""Outcomes. Uncounted: not held by the program, or missed while the stay was on hold."""
NEAR = 3
"""Days by which the calendars of two zones, and those of one at a change, are surely apart less."""


class Session(NamedTuple):
    """What is known of one session of one client. Minutes are credited minutes."""

    start: int
    """Microseconds since the year 1, in UTC."""
    session: bytes
    sequence: int
    day: int
    """At the site: weeks are counted there, so that a change of clocks makes none longer."""
    seat: bytes
    outcome: int
    scheduled: int
    attended: int
    late: int


class Unusable(ValueError):
    """No figures can be computed from an event; the message says why, never the content."""


def with_event(window: Window | None, event: SessionEvent, sequence: int) -> Window:
    """The window after an event; sessions that count no more for long drop out.

    Raises:
        Unusable: the start of the session has no offset, its date at the site is unknown, or its
            minutes are out of range.
    """
    told = session_of(event, sequence)
    latest = told.day if told.outcome else 0
    if window is not None and (following := _followed(window, event, told, latest)) is not None:
        return following
    alone = packed(event.site_id.bytes, sequence, latest, [told])
    return alone if window is None else merged(window, alone)


def check_usable(event: SessionEvent) -> None:
    """Refuse an event of which no figures can be computed.

    Raises:
        Unusable: as `with_event` does.
    """
    session_of(event, 0)


def merged(one: Window, other: Window) -> Window:
    """What two states of one client know together.

    It makes no difference which is given first, which is older, or how often one is merged: a
    state that somebody wrote late, or that is read twice, takes nothing back.
    """
    if one == other:
        return one
    heads = sorted((HEAD.unpack_from(window) for window in (one, other)), key=lambda head: head[2])
    known: dict[bytes, Session] = {}
    for session in (*sessions_of(one), *sessions_of(other)):
        before = known.get(session.session)
        if before is None or before.sequence < session.sequence:
            known[session.session] = session
    latest = max(head[3] for head in heads)
    sessions = list(known.values())
    if latest:
        oldest = latest - KEPT.days
        recent = [session for session in sessions if session.day > oldest]
        sessions = recent or sessions  # should the latest session ever be moved far back
    return packed(heads[1][1], heads[1][2], latest, sessions)


def packed(site: bytes, sequence: int, latest: int, sessions: Iterable[Session]) -> Window:
    """A state in its one form."""
    kept = list(sessions)
    seats = sorted({session.seat for session in kept})
    number = {seat: place for place, seat in enumerate(seats)}
    rows = sorted(ROW.pack(*s[:4], number[s.seat], *s[5:]) for s in kept)
    head = HEAD.pack(FORMAT, site, sequence, latest, len(seats))
    return b"".join((head, *seats, *rows))


def seats_of(window: Window) -> tuple[list[bytes], int]:
    """The seats that the sessions name, and where the sessions begin."""
    seats, at = [], HEAD.size
    for _ in range(HEAD.unpack_from(window)[4]):
        end = at + SEAT.size + window[at]
        seats.append(window[at:end])
        at = end
    return seats, at


def sessions_of(window: Window) -> list[Session]:
    """The sessions, in the order of their start."""
    seats, at = seats_of(window)
    rows = ROW.iter_unpack(memoryview(window)[at:])
    return [Session._make((*row[:4], seats[row[4]], *row[5:])) for row in rows]


def sequence_of(window: Window) -> int:
    """The highest sequence that the state contains."""
    sequence: int = HEAD.unpack_from(window)[2]
    return sequence


@lru_cache(maxsize=4_096)  # a session has many clients
def instant(start: int) -> datetime:
    """The start of a session as an instant."""
    return ZERO + timedelta(microseconds=start)


def seat(zone: str, stay: bytes | None, cohort: bytes | None) -> bytes:
    """What many sessions of a client have in common."""
    name = zone.encode()
    return SEAT.pack(len(name), stay or NIL, cohort or NIL) + name


def session_of(event: SessionEvent, sequence: int) -> Session:
    """What an event tells of its session.

    Raises:
        Unusable: as `with_event` does.
    """
    if event.starts_at.tzinfo is None:
        raise Unusable("starts_at has no offset")
    try:
        starts_at = event.starts_at.astimezone(UTC)
        day = day_at(starts_at, event.time_zone)
        # raised here, and not when the figures are computed or sessions forgotten
        _ = days_later(starts_at, -WINDOW.days, event.time_zone), day - KEPT
    except (KeyError, ValueError, OSError, OverflowError):
        raise Unusable("time_zone or starts_at is out of range") from None
    outcome, scheduled, attended, late = _minutes(event)
    if not all(0 <= minutes <= LONGEST_MINUTES for minutes in (scheduled, attended, late)):
        raise Unusable("minutes are out of range")
    stay = event.enrolment_id
    return Session(
        (starts_at - ZERO) // MICROSECOND,
        event.session_id.bytes,
        sequence,
        day.toordinal(),
        seat(event.time_zone, stay.bytes if stay else None, event.cohort_id.bytes),
        outcome,
        scheduled,
        attended,
        late,
    )


def _minutes(event: SessionEvent) -> tuple[int, int, int, int]:
    """The outcome, and the minutes that were scheduled, attended and late."""
    if isinstance(event, SessionAttended):
        return ATTENDED, event.scheduled_minutes, event.attended_minutes, event.minutes_late
    if isinstance(event, SessionMissed):
        outcome = UNCOUNTED if event.on_hold else EXCUSED if event.excused else MISSED
        return outcome, event.scheduled_minutes, 0, 0
    return UNCOUNTED, 0, 0, 0


def _followed(window: Window, event: SessionEvent, told: Session, latest: int) -> Window | None:
    """What `merged` makes of a session that is new, in a seat that is known: nearly all events.

    None where it is another case.
    """
    _, site, sequence, known_latest, count = HEAD.unpack_from(window)
    seats, rows = seats_of(window)
    if told.seat not in seats or window.find(told.session, rows) >= 0:
        return None
    latest = max(latest, known_latest)
    first = rows
    if latest:
        oldest = latest - KEPT.days
        for at in range(rows, len(window), ROW.size):
            day = DAY.unpack_from(window, at + DAY_AT)[0]
            if day > oldest + NEAR:
                break
            if day <= oldest:
                if at != first:
                    return None
                first += ROW.size
        if told.day <= oldest or (first > rows and count > 1):
            return None
    if told.sequence >= sequence:
        site, sequence = event.site_id.bytes, told.sequence
    row = ROW.pack(*told[:4], seats.index(told.seat), *told[5:])
    place = len(window)
    while place > first and window[place - ROW.size : place] > row:
        place -= ROW.size
    head = HEAD.pack(FORMAT, site, sequence, latest, count)
    return b"".join((head, window[HEAD.size : rows], window[first:place], row, window[place:]))
