"""The figures of the board as conditions on the rows that `queries` finds.

A figure and the list behind it go by the same rows and the same condition, so that they cannot
differ.
"""

import re
from dataclasses import dataclass
from typing import Literal

Source = Literal[
    "stays",
    "waits",
    "seats",
    "referrals",
    "sessions",
    "hours",
    "measures",
    "flags",
    "recommendations",
]
HELD = "(state = 'proposed' OR kind = 'offer') AND until > $1 AND NOT stay_over"
EXPECTED = "state IN ('expected', 'came', 'missed', 'excused')"
DUE_SOON = "due_on BETWEEN today AND today + soon_days"
GOES_ON = "NOT stay_over"
LATEST_WEEKS = "part >= first_week AND part < this_week"
DAY, WEEK = "interval '24 hours'", "interval '168 hours'"


@dataclass(frozen=True, slots=True)
class Listed:
    """A figure that counts rows of a source: persons, things they are about, or the rows."""

    source: Source
    condition: str = "true"
    counted: Literal["person", "subject", "row"] = "row"

    @property
    def clinical(self) -> bool:
        """Whether the list behind it is of clinical facts."""
        return self.source in ("measures", "flags", "recommendations")


LISTED = {
    "census": Listed("stays", counted="person"),
    "on_hold": Listed("stays", "state = 'on_hold'", "person"),
    "seats_taken": Listed("seats", "state = 'taken'"),
    "seats_held": Listed("seats", HELD),
    "waiting": Listed("waits", GOES_ON, "person"),
    "referrals_open": Listed("referrals", counted="person"),
    "referrals_due_soon": Listed("referrals", DUE_SOON, "person"),
    "referrals_overdue": Listed("referrals", "due_on < today", "person"),
    "sessions_today": Listed("sessions", EXPECTED, "subject"),
    "expected_today": Listed("sessions", EXPECTED),
    "came_today": Listed("sessions", "state = 'came'"),
    "missed_today": Listed("sessions", "state = 'missed'"),
    "excused_today": Listed("sessions", "state = 'excused'"),
    "hours_at_risk": Listed("hours", f"state = 'at_risk' AND part >= this_week AND {GOES_ON}"),
    "hours_short": Listed("hours", f"state = 'short' AND {LATEST_WEEKS} AND {GOES_ON}"),
    "measures_overdue": Listed("measures"),
    "flags_open": Listed("flags"),
    "flags_late": Listed("flags", "until <= $1"),
    "flags_under_a_day": Listed("flags", f"since > $1 - {DAY}"),
    "flags_one_to_seven_days": Listed("flags", f"since <= $1 - {DAY} AND since > $1 - {WEEK}"),
    "flags_over_seven_days": Listed("flags", f"since <= $1 - {WEEK}"),
    "recommendations_open": Listed("recommendations"),
}
"""$1 is the instant as of which the board is."""
MEDIAN = "percentile_cont(0.5) WITHIN GROUP (ORDER BY waited)"
RECKONED = {
    "waiting_longest_days": f"max(waited) FILTER (WHERE {GOES_ON})",
    "waiting_median_days": f"{MEDIAN} FILTER (WHERE {GOES_ON})",
}
"""Of those who wait."""
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


def aggregates(source: Source) -> dict[str, str]:
    """The aggregates that reckon the figures of a source from its rows, by name."""
    what = {"person": "DISTINCT person", "subject": "DISTINCT subject", "row": "*"}
    counts = {
        name: f"count({what[one.counted]}) FILTER (WHERE {one.condition})"
        for name, one in LISTED.items()
        if one.source == source
    }
    return counts | (RECKONED if source == "waits" else {})
