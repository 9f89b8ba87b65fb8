"""Program measures computed from events alone, by code that shares nothing with the service."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from shared.contracts.base import Event

Days = list[tuple[int, Fraction, str | None]]
"""Entry, exit and the end, if any: of durations in days."""


@dataclass
class Line:
    """A stay or a referral, by what events say of it."""

    id: str
    client: str
    site: str
    groups: dict[str, str]
    begins: date
    ends: date | None = None
    how: str | None = None
    reason: str | None = None
    days: list[date] = field(default_factory=list)
    before: list[date] = field(default_factory=list)
    months: Counter[tuple[str, str]] = field(default_factory=Counter)
    minutes: Counter[str] = field(default_factory=Counter)
    scores: defaultdict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By instrument: what puts them in order, the day, and the total."""
    again: date | None = None


class Figures:
    """What happened, put together once."""

    def __init__(
        self,
        rows: Iterable[tuple[Event, int]],
        today: date,
        person: Callable[[str], object] = lambda client: client,
    ) -> None:
        self.today = today
        self.person = person
        self.by_name: defaultdict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        for event, sequence in rows:
            self.by_name[type(event).__name__].append((sequence, event.model_dump(mode="json")))
        opened = [told for _, told in self.by_name["SiteOpened"]]
        self.zones = {told["site_id"]: ZoneInfo(told["time_zone"]) for told in opened}
        self.regions = {told["site_id"]: told["region_id"] or "unknown" for told in opened}
        self.seats = self._seats()
        self.stays = self._stays()
        self.referrals = self._referrals()

    def day(self, told: dict[str, Any], name: str) -> date:
        return datetime.fromisoformat(told[name]).astimezone(self.zones[told["site_id"]]).date()

    def _seats(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Client and session → what holds of it."""
        latest: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        for name in ("SessionAttended", "SessionMissed", "SessionNotHeld"):
            for sequence, told in self.by_name[name]:
                key = (told["client_id"], told["session_id"])
                if key not in latest or latest[key][0] < sequence:
                    latest[key] = (sequence, {**told, "name": name})
        return {key: told for key, (_, told) in latest.items()}

    def _stays(self) -> list[Line]:
        cohorts = {t["enrolment_id"]: t["cohort_id"] for _, t in self.by_name["ClientPlaced"]}
        ends = {t["enrolment_id"]: t for _, t in self.by_name["EpisodeStateChanged"] if t["ended"]}
        made = []
        for _, told in self.by_name["ClientEnrolled"]:
            end = ends.get(told["enrolment_id"])
            groups = {
                "site": told["site_id"],
                "region": self.regions[told["site_id"]],
                "cohort": cohorts.get(told["enrolment_id"], "unknown"),
                "level_of_care": told["level_of_care"],
                "dual_diagnosis": str(told["dual_diagnosis"]).lower(),
                "gender_group": told["gender_group"] or "unknown",
                "age_band": told["age_band"] or "unknown",
            }
            line = Line(
                told["enrolment_id"],
                told["client_id"],
                told["site_id"],
                groups,
                self.day(told, "enrolled_at"),
                self.day(end, "changed_at") if end else None,
                end["to_state"] if end else None,
                end["reason"] if end else None,
            )
            for seat in self.seats.values():
                if seat["enrolment_id"] == line.id:
                    self._count(line, seat)
            line.days.sort()
            for _, screening in self.by_name["ScreeningCompleted"]:
                if self.person(screening["client_id"]) == self.person(line.client):
                    for score in (one for one in screening["scores"] if one["total"] is not None):
                        on = self.day({**score, "site_id": line.site}, "answered_at")
                        rank = (score["answered_at"], screening["completed_at"])
                        line.scores[score["instrument"]].append((*rank, on, score["total"]))
            made.append(line)
        began = {
            told["enrolment_id"]: told["enrolled_at"] for _, told in self.by_name["ClientEnrolled"]
        }
        for line in made:
            before = [
                min(ends[o.id]["changed_at"], began[line.id])
                for o in made
                if self.person(o.client) == self.person(line.client)
                and (began[o.id], o.id) < (began[line.id], line.id)
                and o.id in ends
            ]
            for scores in line.scores.values():
                scores[:] = sorted(s for s in scores if s[0] > max(before, default=""))
            who = self.person(line.client)
            later = [o.begins for o in made if self.person(o.client) == who and o.id != line.id]
            line.again = min((d for d in later if line.ends and d >= line.ends), default=None)
        return made

    def _count(self, line: Line, seat: dict[str, Any]) -> None:
        on = self.day(seat, "starts_at")
        month = f"{on:%Y-%m}"
        if seat["name"] == "SessionAttended":
            if on not in line.days:
                line.days.append(on)
            line.months[month, "attended"] += 1
            line.minutes[month] += seat["attended_minutes"]
        elif seat["name"] == "SessionMissed" and not seat["on_hold"]:
            line.months[month, "excused" if seat["excused"] else "missed"] += 1

    def _referrals(self) -> list[Line]:
        moved = {t["referral_id"]: t for _, t in self.by_name["ReferralStateChanged"]}
        made = []
        all_of = [t for _, t in self.by_name["ReferralReceived"]]
        for told in all_of:
            who, this = self.person(told["client_id"]), (told["received_at"], told["referral_id"])
            mine = sorted(
                (t["received_at"], t["referral_id"])
                for t in all_of
                if self.person(t["client_id"]) == who
            )
            next_at = next((at for at, other in mine if (at, other) > this), "9999")
            line = Line(
                told["referral_id"],
                told["client_id"],
                told["site_id"],
                {"site": told["site_id"], "region": self.regions[told["site_id"]]},
                self.day(told, "received_at"),
            )
            move = moved.get(line.id)
            line.how = move["to_state"] if move else "received"
            line.reason = move["reason"] if move else None
            if move and move["reason"]:
                line.ends = self.day(move, "changed_at")
            for seat in self.seats.values():
                if self.person(seat["client_id"]) == who and seat["name"] == "SessionAttended":
                    if seat["starts_at"] < told["received_at"]:
                        line.before.append(self.day(seat, "starts_at"))
                    elif seat["starts_at"] < next_at:
                        line.days.append(self.day(seat, "starts_at"))
            line.days = sorted(set(line.days))
            made.append(line)
        return made

    def counts(self, measure: str, first: date, until: date) -> list[tuple[Line, date, str, int]]:
        """Who counts: the line, the day that says in which month, the class, and how often."""
        found: list[tuple[Line, date, str, int]] = []
        here = lambda day: day is not None and first <= day < until  # noqa: E731
        day = timedelta(days=1)
        for r in self.referrals:
            if not here(r.begins) or r.reason == "entered_in_error":
                continue
            if measure == "referrals":
                other = "ended_otherwise" if r.ends else "open"
                found.append((r, r.begins, "accepted" if r.how == "accepted" else other, 1))
            if measure == "days_to_first_service":
                if r.days:
                    falls = "within" if r.days[0] < r.begins + 14 * day else "late"
                elif r.ends:
                    falls = "stopped"
                else:
                    falls = "late" if self.today >= r.begins + 14 * day else "due"
                found.append((r, r.begins, falls, 1))
            new = r.reason != "died" and not any(r.begins - 194 * day <= on for on in r.before)
            first_on = next((on for on in r.days if on <= r.begins + 13 * day), None)
            if measure == "initiation" and new and r.begins + 13 * day < self.today:
                found.append((r, r.begins, "initiated" if first_on else "not_initiated", 1))
            if measure == "engagement" and new and r.begins + 47 * day < self.today:
                more = [on for on in r.days if first_on and first_on < on <= first_on + 34 * day]
                engaged = first_on is not None and len(more) >= 2
                found.append((r, r.begins, "engaged" if engaged else "not_engaged", 1))
        for s in self.stays:
            start = s.days[0] if s.days else None
            if measure == "census":
                last = min(until - day, self.today)
                if s.begins <= last and not (s.ends and s.ends <= last):
                    found.append((s, last, "present", 1))
            if measure == "attendance":
                for (month, falls), number in s.months.items():
                    on = date.fromisoformat(f"{month}-01")
                    if here(on):
                        found.append((s, on, falls, number))
            if here(start) and start is not None:
                if measure in ("retention", "ends"):
                    ended = s.how if measure == "ends" else "ended"
                    censored = s.ends is None or (measure == "retention" and s.how == "died")
                    found.append((s, start, "going_on" if censored else str(ended), 1))
                for name, days in (("retained_30", 30), ("retained_90", 90), ("active_30", 30)):
                    on = start + days * day
                    if measure == name and on <= self.today and s.how != "died":
                        held = s.ends is None or s.ends > on
                        if name == "active_30":
                            held = held and any(on - 13 * day <= d <= on for d in s.days)
                        found.append((s, start, "retained" if held else "not_retained", 1))
            if s.ends is not None and here(s.ends):
                if measure == "completion":
                    falls = "so" if s.how == "completed" else "otherwise"
                    found.append((s, s.ends, falls, 1))
                if measure == "discharges":
                    found.append((s, s.ends, str(s.how), 1))
                if measure == "discharge_reasons":
                    found.append((s, s.ends, s.reason or "not_told", 1))
                over = s.ends + 90 * day < self.today
                if measure == "returned_90" and s.how != "died" and over:
                    back = s.again is not None and s.again <= s.ends + 90 * day
                    falls = "returned" if back else "not_known_to_have_returned"
                    found.append((s, s.ends, falls, 1))
                if measure in ("phq_9_change", "gad_7_change"):
                    instrument = measure.removesuffix("_change").replace("_", "-")
                    found.append((s, s.ends, self._change(s, instrument), 1))
        return found

    def _change(self, s: Line, instrument: str) -> str:
        assert s.ends is not None
        deviation, reliability = {"phq-9": (6.1, 0.89), "gad-7": (4.7, 0.92)}[instrument]
        totals = [one[2:] for one in s.scores[instrument]]
        for n, (on, total) in enumerate(totals):
            if s.begins - timedelta(days=7) <= on <= s.begins + timedelta(days=14):
                later = [t for d, t in totals[n + 1 :] if d <= s.ends]
                if not later:
                    return "not_measured"
                error = math.sqrt(2 * (deviation * math.sqrt(1 - reliability)) ** 2)
                index = (later[-1] - total) / error
                if abs(index) <= 1.96:
                    return "unchanged"
                return "improved" if index < 0 else "deteriorated"
        return "not_measured"

    def spans(self, measure: str, first: date, until: date) -> Days:
        """The times under observation of a curve."""
        made: Days = []
        if measure == "days_to_first_service":
            here = (r for r in self.referrals if first <= r.begins < until)
            for r in (r for r in here if r.reason != "entered_in_error"):
                last = r.days[0] if r.days else r.ends or self.today
                end = "first_service" if r.days else "stopped" if r.ends else None
                made.append((0, _length(r.begins, last), end))
            return made
        for s in (s for s in self.stays if s.days):
            start = s.days[0]
            last, end = s.ends or self.today, s.how
            if measure != "ends":
                end = None if s.how in (None, "died") else "ended"
            if measure != "retention_of_those_present":
                if first <= start < until:
                    made.append((0, _length(start, last), end))
                continue
            close = min(until - timedelta(days=1), self.today)
            if start <= close and last >= first:
                late = max(0, (first - timedelta(days=1) - start).days)
                if last > close:
                    last, end = close, None
                made.append((late, _length(start, last), end))
        return made


def _length(first: date, last: date) -> Fraction:
    return Fraction((last - first).days) or Fraction(1, 2)


def product(spans: Days, day: int) -> tuple[Fraction, dict[str, Fraction]]:
    """Survival beyond a day, and the incidence of each end by then, exactly."""
    left, shares = Fraction(1), defaultdict[str, Fraction](Fraction)
    for time in sorted({out for _, out, end in spans if end and out <= day}):
        at_risk = sum(late < time <= out for late, out, _ in spans)
        ends = Counter(end for _, out, end in spans if end and out == time)
        for end, number in ends.items():
            shares[str(end)] += left * Fraction(number, at_risk)
        left *= 1 - Fraction(ends.total(), at_risk)
    return left, shares
