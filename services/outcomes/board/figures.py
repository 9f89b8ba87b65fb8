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
DAY, WEEK = "interval '24 hours'", "interval '168 hours'"


@dataclass(frozen=True, slots=True)
class Listed:
    """A figure that counts rows of a source: persons, things they are about, or the rows."""

    source: Source
    counted: Literal["person", "subject", "row"]
    condition: str = "true"

    @property
    def clinical(self) -> bool:
        """Whether the list behind it is of clinical facts."""
        return self.source in ("measures", "flags", "recommendations")


LISTED = {
    "census": Listed("stays", "person"),
    "on_hold": Listed("stays", "person", "state = 'on_hold'"),
    "seats_taken": Listed("seats", "row", "state = 'taken'"),
    "seats_held": Listed("seats", "row", HELD),
    "waiting": Listed("waits", "person", "NOT stay_over"),
    "referrals_open": Listed("referrals", "person"),
    "referrals_due_soon": Listed(
        "referrals", "person", "due_on BETWEEN today AND today + soon_days"
    ),
    "referrals_overdue": Listed("referrals", "person", "due_on < today"),
    "sessions_today": Listed("sessions", "subject", EXPECTED),
    "expected_today": Listed("sessions", "row", EXPECTED),
    "came_today": Listed("sessions", "row", "state = 'came'"),
    "missed_today": Listed("sessions", "row", "state = 'missed'"),
    "excused_today": Listed("sessions", "row", "state = 'excused'"),
    "hours_at_risk": Listed(
        "hours", "row", "state = 'at_risk' AND part >= this_week AND NOT stay_over"
    ),
    "hours_short": Listed(
        "hours",
        "row",
        "state = 'short' AND part >= first_week AND part < this_week AND NOT stay_over",
    ),
    "measures_overdue": Listed("measures", "row"),
    "flags_open": Listed("flags", "row"),
    "flags_late": Listed("flags", "row", "until <= $1"),
    "flags_under_a_day": Listed("flags", "row", f"since > $1 - {DAY}"),
    "flags_one_to_seven_days": Listed(
        "flags", "row", f"since <= $1 - {DAY} AND since > $1 - {WEEK}"
    ),
    "flags_over_seven_days": Listed("flags", "row", f"since <= $1 - {WEEK}"),
    "recommendations_open": Listed("recommendations", "row"),
}
"""$1 is the instant as of which the board is."""
RECKONED = {
    "waiting_longest_days": "max(waited) FILTER (WHERE NOT stay_over)",
    "waiting_median_days": "percentile_cont(0.5) WITHIN GROUP (ORDER BY waited)"
    " FILTER (WHERE NOT stay_over)",
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
