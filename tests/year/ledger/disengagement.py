"""How likely a stay seems to break off, by the policy as it was answered over HTTP."""

import math
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from tests.year.ledger.progress import WINDOW, engagement
from tests.year.ledger.sessions import Seat, Seats, counts, of_stay
from tests.year.ledger.stays import Stay


@dataclass(frozen=True)
class Score:
    """The score, None with too few sessions, and what each factor looked at."""

    score: int | None
    values: dict[str, float | None]


def disengagement(policy: dict[str, Any], seats: Seats, stay: Stay) -> Score | None:
    """The score by the four weeks up to the latest session of a stay; None without one."""
    figures = engagement(seats, stay)
    if figures is None:
        return None
    counted = [seat for seat in of_stay(seats, stay) if counts(seat, stay)]
    latest = counted[-1].day
    window = [seat for seat in counted if latest - seat.day < WINDOW]
    came = [seat for seat in window if seat.outcome == "attended"]
    away = (latest - came[-1].day).days if came else 28 if figures["sessions_missed"] else None
    values: dict[str, Fraction | None] = {
        "missed_percent": _missed(window),
        "week_missed_percent": _missed([s for s in window if latest - s.day < timedelta(days=7)]),
        "consecutive_missed": Fraction(figures["consecutive_missed"]),
        "days_since_attended": None if away is None else Fraction(away),
        "late_percent": Fraction(0) if came else None,  # nobody comes late in the year
    }
    points = Fraction(0)
    for factor in policy["factors"]:
        value = values[factor["figure"]]
        if value is not None:
            share = (value - factor["none_at"]) / (factor["full_at"] - factor["none_at"])
            points += factor["weight"] * min(max(share, Fraction(0)), Fraction(1))
    enough = len(window) >= policy["at_least_sessions"]
    shown = {name: None if v is None else float(v) for name, v in values.items()}
    return Score(math.floor(points + Fraction(1, 2)) if enough else None, shown)


def _missed(seats: list[Seat]) -> Fraction | None:
    """Percent of the planned minutes that were missed, excused ones not among them."""
    planned = sum(seat.minutes for seat in seats)
    if not planned:
        return None
    missed = sum(seat.minutes - seat.attended for seat in seats if seat.outcome != "excused")
    return Fraction(100 * missed, planned)
