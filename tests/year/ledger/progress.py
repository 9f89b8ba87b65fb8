"""Engagement of the present stay, and every rule of the step-down policy."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.year.ledger.journal import Journal
from tests.year.ledger.people import People
from tests.year.ledger.sessions import Seats, counts, of_stay
from tests.year.ledger.stays import Stay

WINDOW = timedelta(weeks=4)
OF_TREATMENT = ("CourseRiskRaised", "CourseRiskAcknowledged", "RiskResolved")
Figures = dict[str, int]


@dataclass(frozen=True)
class Line:
    """One criterion: what was found as numbers, and whether it is enough."""

    name: str
    met: bool
    numbers: tuple[float, ...]


def engagement(seats: Seats, stay: Stay) -> Figures | None:
    """The four weeks, by days at the site, up to the latest session of a stay that counts."""
    counted = [seat for seat in of_stay(seats, stay) if counts(seat, stay)]
    if not counted:
        return None
    latest = counted[-1].day
    window = [seat for seat in counted if latest - seat.day < WINDOW]
    unexcused = [seat for seat in window if seat.outcome != "excused"]
    attended = sum(seat.attended for seat in window)
    outcomes = [seat.outcome for seat in unexcused]
    return {
        "sessions_attended": outcomes.count("attended"),
        "sessions_missed": outcomes.count("missed"),
        "sessions_excused": len(window) - len(unexcused),
        "attended_minutes": attended,
        "missed_minutes": sum(seat.minutes for seat in unexcused) - attended,
        "excused_minutes": sum(seat.minutes for seat in window if seat.outcome == "excused"),
        "consecutive_attended": _run(outcomes, "attended"),
        "consecutive_missed": _run(outcomes, "missed"),
        "weeks_observed": (latest - window[0].day).days // 7 + 1,
    }


def _run(outcomes: list[Any], wanted: str) -> int:
    last_other = max((n for n, one in enumerate(outcomes, 1) if one != wanted), default=0)
    return len(outcomes) - last_other


def latest_scores(journal: Journal, records: frozenset[str], after: datetime | None) -> Any:
    """The latest result of each instrument that a person answered after the former stay."""
    found: dict[str, tuple[Any, ...]] = {}
    for event in journal.named("ScreeningCompleted"):
        if event.client not in records:
            continue
        for score in event.data["scores"]:
            at = datetime.fromisoformat(score["answered_at"] or event.data["completed_at"])
            if after is not None and at <= after:
                continue
            rank = (at, event.instant("completed_at"), event.data["screening_id"], score)
            known = found.get(score["instrument"])
            if known is None or known[:3] < rank[:3]:
                found[score["instrument"]] = rank
    return {instrument: (rank[0], rank[3]) for instrument, rank in found.items()}


def open_flags(journal: Journal, records: frozenset[str]) -> int:
    """The risk flags of a person that nobody has acknowledged."""
    flags: set[str] = set()
    for event in journal.named("RiskFlagRaised", "RiskFlagAcknowledged", *OF_TREATMENT):
        if event.client in records:
            one = event.data.get("flag_id") or event.data["risk_id"]
            (flags.add if event.name.endswith("Raised") else flags.discard)(one)
    return len(flags)


def criteria(
    policy: dict[str, Any],
    figures: Figures | None,
    scores: Any,
    flags: int,
    today: datetime,
    zone: Any,
) -> list[Line]:
    """Each rule of a policy for a step-down, as it was answered over HTTP, in its order. Nobody
    sets a goal in the year."""
    found: list[Line] = []
    day = today.astimezone(zone).date()
    for one in policy["step_down"]["rules"]:
        if one["figure"] in ("open_risk_flags", "open_goals"):
            count = flags if one["figure"] == "open_risk_flags" else 0
            found.append(Line(one["name"], count <= one["at_most"], (count,)))
            continue
        if one["figure"] != "score":
            found.append(_of_figures(one, figures))
            continue
        known = scores.get(one["instrument"])
        if known is None:
            found.append(Line(one["name"], False, ()))
            continue
        at, score = known
        age, total = (day - at.astimezone(zone).date()).days, score["total"]
        safe = one["safety_item"] is None or score["safety_item"] == one["safety_item"]
        met = total is not None and total <= one["at_most"] and age <= one["max_age_days"] and safe
        found.append(Line(one["name"], met, (age,) if total is None else (total, age)))
    return found


def _of_figures(one: dict[str, Any], figures: Figures | None) -> Line:
    if figures is None:
        return Line(one["name"], False, ())
    attended = figures["sessions_attended"]
    sessions = attended + figures["sessions_missed"] + figures["sessions_excused"]
    if one["figure"] == "attendance_percent":
        value: float = 100 * attended / sessions
        numbers: tuple[float, ...] = (_tenths(attended, sessions), attended, sessions)
    else:
        value = figures[one["figure"]]
        numbers = (value,)
    least, most = one["at_least"], one["at_most"]
    met = (least is None or value >= least) and (most is None or value <= most)
    return Line(one["name"], met, numbers)


def _tenths(part: int, whole: int) -> float:
    return math.floor(1000 * part / whole + 0.5) / 10


def present_stay(stays: list[Stay], people: People, client: str, at: datetime) -> list[Stay]:
    """The stays of a person in order; the last one is the present one."""
    records = people.records(client, at)
    return [stay for stay in stays if stay.client in records]
