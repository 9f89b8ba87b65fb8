"""The figures of a window: of four weeks and of one, up to a client's latest session."""

from datetime import datetime
from typing import TypedDict

import orjson

from services.outcomes.engagement.rules.window import (
    ATTENDED,
    EXCUSED,
    HEAD,
    MISSED,
    NIL,
    ROW,
    SEAT,
    UNCOUNTED,
    WINDOW,
    Window,
    instant,
    seats_of,
)
from shared.calendar import days_later

WEEK = 7
"""Days of the shorter window."""


class Summary(TypedDict):
    """The figures of a window; see `shared.contracts.outcomes.EngagementChanged`."""

    enrolment_id: str | None
    cohort_id: str | None
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
    sessions_late: int
    late_minutes: int
    last_attended_at: datetime | None
    days_since_attended: int | None
    week_sessions_attended: int
    week_sessions_missed: int
    week_sessions_excused: int
    week_attended_minutes: int
    week_missed_minutes: int
    week_excused_minutes: int


def summary(window: Window) -> Summary:
    """The figures of the latest stay, which is that of the latest session that counts.

    They are of the four weeks, and of the one, by the calendar of the site, that end with that
    session. Where none counts they are nought, up to the latest session that is known. Minutes of a
    partly attended session that were not attended count as missed. Excused sessions neither count
    in runs nor break them.
    """
    seats, at = seats_of(window)
    rows = list(ROW.iter_unpack(memoryview(window)[at:]))
    latest = next((row for row in reversed(rows) if row[5]), rows[-1])
    day = latest[3]
    _, stay, cohort = SEAT.unpack_from(seats[latest[4]])
    of_stay = [SEAT.unpack_from(seat)[1] == stay for seat in seats]
    count, minutes, unattended = [0, 0, 0, 0], [0, 0, 0, 0], 0
    week, week_minutes, week_unattended = [0, 0, 0, 0], [0, 0, 0, 0], 0
    came = missed = late = late_minutes = 0
    first = attended = None
    for row in rows:
        _, _, _, on, seat, outcome, scheduled, present, delay = row
        if outcome == UNCOUNTED or not of_stay[seat] or day - on >= WINDOW.days:
            continue
        first = first or row
        credited = present if outcome == ATTENDED else scheduled
        count[outcome] += 1
        minutes[outcome] += credited
        unattended += scheduled - credited
        if day - on < WEEK:
            week[outcome] += 1
            week_minutes[outcome] += credited
            week_unattended += scheduled - credited
        if outcome == ATTENDED:
            came, missed, attended = came + 1, 0, row
            late, late_minutes = late + (delay > 0), late_minutes + delay
        elif outcome == MISSED:
            came, missed = 0, missed + 1
    until = instant(latest[0])
    zone = seats[latest[4]][SEAT.size :].decode()
    return {
        "enrolment_id": text_of(stay),
        "cohort_id": text_of(cohort),
        "window_from": days_later(until, -WINDOW.days, zone),
        "window_until": until,
        "sessions_attended": count[ATTENDED],
        "sessions_missed": count[MISSED],
        "sessions_excused": count[EXCUSED],
        "attended_minutes": minutes[ATTENDED],
        "missed_minutes": minutes[MISSED] + unattended,
        "excused_minutes": minutes[EXCUSED],
        "consecutive_attended": came,
        "consecutive_missed": missed,
        "weeks_observed": (day - first[3]) // WEEK + 1 if first else 0,
        "sessions_late": late,
        "late_minutes": late_minutes,
        "last_attended_at": instant(attended[0]) if attended else None,
        "days_since_attended": day - attended[3] if attended else None,
        "week_sessions_attended": week[ATTENDED],
        "week_sessions_missed": week[MISSED],
        "week_sessions_excused": week[EXCUSED],
        "week_attended_minutes": week_minutes[ATTENDED],
        "week_missed_minutes": week_minutes[MISSED] + week_unattended,
        "week_excused_minutes": week_minutes[EXCUSED],
    }


def figures_as_json(client_id: str, window: Window) -> bytes:
    """An `EngagementChanged` with the figures of a window, as its model would write it."""
    figures = summary(window)
    _, site, sequence, _, _ = HEAD.unpack_from(window)
    return orjson.dumps(
        {
            "client_id": client_id,
            "site_id": text_of(site),
            "enrolment_id": figures["enrolment_id"],
            "source_stream": "scheduling",
            "source_sequence": sequence,
            **figures,
        },
        option=orjson.OPT_UTC_Z,
    )


def text_of(id: bytes) -> str | None:
    """An id in its usual form; None for the nil one."""
    if id == NIL:
        return None
    digits = id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
