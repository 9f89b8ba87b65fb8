"""The figures of the board as conditions on the facts that `queries` finds.

A figure and the list behind it go by the same condition, so that they cannot differ.
"""

import re
from dataclasses import dataclass
from typing import Literal

WAITS = "kind = 'wait' AND NOT stay_over"
HELD = "((kind = 'seat' AND state = 'proposed') OR kind = 'offer') AND until > $1 AND NOT stay_over"
REFERRED = "kind = 'referral'"
EXPECTED = "kind = 'session' AND state IN ('expected', 'came', 'missed', 'excused')"
OPEN_FLAG = "kind = 'flag'"
DAY, WEEK = "interval '24 hours'", "interval '168 hours'"


@dataclass(frozen=True, slots=True)
class Listed:
    """A figure that counts rows: persons, things they are about, or the rows themselves."""

    counted: Literal["person", "subject", "row"]
    condition: str
    clinical: bool = False
    """The list behind it is of clinical facts."""


LISTED = {
    "census": Listed("person", "kind = 'stay'"),
    "on_hold": Listed("person", "kind = 'stay' AND state = 'on_hold'"),
    "seats_taken": Listed("row", "kind = 'seat' AND state = 'taken'"),
    "seats_held": Listed("row", HELD),
    "waiting": Listed("person", WAITS),
    "referrals_open": Listed("person", REFERRED),
    "referrals_due_soon": Listed(
        "person", f"{REFERRED} AND due_on BETWEEN today AND today + soon_days"
    ),
    "referrals_overdue": Listed("person", f"{REFERRED} AND due_on < today"),
    "sessions_today": Listed("subject", EXPECTED),
    "expected_today": Listed("row", EXPECTED),
    "came_today": Listed("row", "kind = 'session' AND state = 'came'"),
    "missed_today": Listed("row", "kind = 'session' AND state = 'missed'"),
    "excused_today": Listed("row", "kind = 'session' AND state = 'excused'"),
    "hours_at_risk": Listed(
        "row", "kind = 'hours' AND state = 'at_risk' AND part >= this_week AND NOT stay_over"
    ),
    "hours_short": Listed(
        "row",
        "kind = 'hours' AND state = 'short' AND part >= first_week AND part < this_week"
        " AND NOT stay_over",
    ),
    "measures_overdue": Listed("row", "kind = 'measure'", clinical=True),
    "flags_open": Listed("row", OPEN_FLAG, clinical=True),
    "flags_late": Listed("row", f"{OPEN_FLAG} AND until <= $1", clinical=True),
    "flags_under_a_day": Listed("row", f"{OPEN_FLAG} AND since > $1 - {DAY}", clinical=True),
    "flags_one_to_seven_days": Listed(
        "row", f"{OPEN_FLAG} AND since <= $1 - {DAY} AND since > $1 - {WEEK}", clinical=True
    ),
    "flags_over_seven_days": Listed("row", f"{OPEN_FLAG} AND since <= $1 - {WEEK}", clinical=True),
    "recommendations_open": Listed("row", "kind = 'recommendation'", clinical=True),
}
"""$1 is the instant as of which the board is."""
RECKONED = {
    "waiting_longest_days": f"max(waited) FILTER (WHERE {WAITS})",
    "waiting_median_days": "percentile_cont(0.5) WITHIN GROUP (ORDER BY waited)"
    f" FILTER (WHERE {WAITS})",
}
FROM_COHORTS = ("capacity", "seats_free")
FIGURES = (*LISTED, *RECKONED, *FROM_COHORTS)

KEYS = {
    "person": "person::text",
    "subject": "subject::text",
    "row": "subject::text || ' ' || client_id::text || ' ' || part",
}
"""What is counted once, and the order of the list behind it."""

KEY = re.compile(r"[0-9a-f-]{36}( [0-9a-f-]{36} [0-9W-]{0,8})?", re.ASCII)


def key_of(text: str) -> str:
    """A key of a list.

    Raises:
        ValueError: for anything else.
    """
    if KEY.fullmatch(text) is None:
        raise ValueError("no key")
    return text


def counted(figure: Listed) -> str:
    """The aggregate that counts a figure."""
    what = {"person": "DISTINCT person", "subject": "DISTINCT subject", "row": "*"}[figure.counted]
    return f"count({what}) FILTER (WHERE {figure.condition})"
