"""Risks that come out of treatment, and how soon somebody took charge of these and of flags."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.year.ledger import data_file
from tests.year.ledger.journal import Event, Journal
from tests.year.ledger.people import People

POLICY = data_file("outcomes/risk/data/course-risks.yaml")
USE, MISSED = "return_to_use", "missed_after_high_risk"
ATTENDANCE = ("SessionAttended", "SessionMissed", "SessionNotHeld")
MERGES = ("ClientsMerged", "ClientMergeUndone")
Report = dict[str, Any]


@dataclass
class Risk:
    """A flag of intake or a risk of treatment, as it stands."""

    client: str
    site: str
    kind: str
    severity: str
    raised: datetime
    by: datetime
    origin: str
    causes: list[str] = field(default_factory=list)
    state: str = "raised"
    acknowledged: datetime | None = None
    over: datetime | None = None
    id: str = ""
    """Of a flag from the beginning, of a risk of treatment since somebody took charge."""
    told: list[tuple[datetime, str, datetime]] = field(default_factory=list)
    """Each time it was told: when, how severe, and by when somebody has to take charge."""
    steps: list[tuple[datetime, int, bool]] = field(default_factory=list)
    due: datetime | None = None
    withdrawn: bool = False
    begun: int = 0
    """The steps of ladders that had ended before it was found again."""

    def open_at(self, at: datetime) -> str | None:
        """How severe it was at an instant, if nobody had taken charge of it."""
        ends = self.acknowledged or self.over
        told = [severity for since, severity, _ in self.told if since <= at]
        return told[-1] if told and (ends is None or at < ends) else None

    def escalate(self, until: datetime) -> None:
        """Climb the ladder up to an instant while nobody takes charge."""
        while self.state == "raised" and self.due is not None and self.due <= until:
            ladder = POLICY["urgencies"][self.severity]
            step, at = (self.steps[-1][1] if self.steps else 0) + 1, self.due
            told, of_its_own = step - self.begun, ladder["steps"]
            pause = ladder["repeat"]["every_minutes"]
            if told < len(of_its_own):
                pause = of_its_own[told]["after_minutes"]
            last = told == len(of_its_own) + ladder["repeat"]["at_most"]
            self.steps.append((at, step, last))
            self.due = None if last else at + timedelta(minutes=pause)


class Risks:
    """All risks of a journal up to an instant, with the reports of use that no event carries."""

    def __init__(
        self, journal: Journal, people: People, reports: list[Report], now: datetime
    ) -> None:
        self.zones, self.people, self.reports = journal.zones, people, reports
        self.all: list[Risk] = []
        self.missed: dict[tuple[str, str], datetime] = {}
        for at, event, report in _in_order(journal, reports):
            for risk in self.all:
                risk.escalate(at)
            if report is not None:
                self._report(report, at)
            if event is not None:
                self._tell(event)
            self._look_at_missed(at)
        for risk in self.all:
            risk.escalate(now)

    def _tell(self, event: Event) -> None:
        data, at = event.data, event.at
        if event.name in ATTENDANCE:
            counts = event.name == "SessionMissed" and not (data["excused"] or data["on_hold"])
            seat = event.client, data["session_id"]
            self.missed.pop(seat, None)
            if counts:
                self.missed[seat] = event.instant("starts_at")
        elif event.name == "RiskFlagRaised":
            by = event.instant("acknowledge_by")
            known = next((one for one in self.all if one.id == data["flag_id"]), None)
            if known is None:
                of = (event.client, data["site_id"], data["kind"], data["severity"])
                known = Risk(*of, event.instant("raised_at"), by, "intake", id=data["flag_id"])
                self.all.append(known)
            elif data["severity"] == "high":
                known.severity, known.by = "high", min(known.by, by)
            known.told.append((at, known.severity, known.by))
        elif event.name in ("RiskFlagAcknowledged", "CourseRiskAcknowledged"):
            known = self._open(event.client, data["kind"])
            if event.name == "RiskFlagAcknowledged":
                known = next(one for one in self.all if one.id == data["flag_id"])
            assert known is not None
            known.state, known.acknowledged, known.due = "acknowledged", at, None
            known.id = known.id or data["risk_id"]
        elif event.name == "RiskResolved" and data["resolution"] != "cause_withdrawn":
            known = next(one for one in self.all if one.id == data["risk_id"])
            known.state, known.over = "resolved", at

    def _report(self, report: Report, at: datetime) -> None:
        if report["finding"] != "use":
            return
        records = self.people.records(report["client_id"], at)
        rule, today = POLICY[USE], at.astimezone(self.zones[report["site_id"]]).date()
        since = str(today - timedelta(rule["within_days"]))
        recent = [
            one
            for one in self.reports
            if one["client_id"] in records
            and one["finding"] == "use"
            and datetime.fromisoformat(one["reported_at"]) <= at
            and since < one["used_on"] <= str(today)
        ]
        severity = "high" if len(recent) >= rule["high_from"] else "moderate"
        self._raise(report["client_id"], report["site_id"], USE, severity, [report["id"]], at)

    def _raise(
        self, client: str, site: str, kind: str, severity: str, causes: list[str], at: datetime
    ) -> None:
        by = at + timedelta(minutes=POLICY["urgencies"][severity]["acknowledge_within_minutes"])
        risk = self._open(client, kind)
        if risk is None:
            risk = Risk(client, site, kind, severity, at, by, "outcomes", due=by)
            self.all.append(risk)
        elif risk.due is None:
            risk.begun, risk.due = risk.steps[-1][1], by
        risk.due = min(risk.due or by, by)
        risk.by = min(risk.by, by)
        risk.severity = "high" if "high" in (risk.severity, severity) else severity
        risk.causes += causes
        risk.told.append((at, risk.severity, risk.by))

    def _open(self, client: str, kind: str) -> Risk | None:
        of = (client, kind, "outcomes", "raised")
        same = (one for one in self.all if (one.client, one.kind, one.origin, one.state) == of)
        return next(same, None)

    def _look_at_missed(self, at: datetime) -> None:
        """Raise a risk of its own where sessions were missed after a high one, and take it back
        where they were not."""
        for risk in list(self.all):
            if risk.severity != "high" or risk.kind == MISSED:
                continue
            own = next((o for o in self.all if id_of(risk) in o.causes and not o.withdrawn), None)
            sessions = self._missed_after(risk, at)
            if own is None and sessions and risk.state != "resolved":
                causes = [id_of(risk), *sessions]
                severity = POLICY["missed_after_high_risk"]["severity"]
                self._raise(risk.client, risk.site, MISSED, severity, causes, at)
        for own in self.all:
            if own.kind == MISSED and own.state == "raised":
                of = [one for one in self.all if id_of(one) in own.causes]
                if not any(self._missed_after(one, at) for one in of):
                    own.state, own.over, own.due, own.withdrawn = "resolved", at, None, True

    def _missed_after(self, risk: Risk, at: datetime) -> list[str]:
        """The first sessions missed in the days after a risk, if they are enough."""
        rule, zone = POLICY[MISSED], self.zones[risk.site]
        last = risk.raised.astimezone(zone).date() + timedelta(rule["within_days"])
        records = self.people.records(risk.client, at)
        found = sorted(
            (starts, session)
            for (client, session), starts in self.missed.items()
            if client in records and starts > risk.raised
            if starts.astimezone(zone).date() <= last
        )[: rule["sessions"]]
        return [one for _, one in found] if len(found) == rule["sessions"] else []


def id_of(risk: Risk) -> str:
    """What names a risk as the cause of another one."""
    return risk.id if risk.origin == "intake" else f"{risk.client} {risk.kind} {risk.raised}"


def _in_order(
    journal: Journal, reports: list[Report]
) -> Iterator[tuple[datetime, Event | None, Report | None]]:
    """What changes risks, as it happened."""
    events = journal.named(
        *ATTENDANCE,
        *MERGES,
        "RiskFlagRaised",
        "RiskFlagAcknowledged",
        "CourseRiskAcknowledged",
        "RiskResolved",
    )
    found: list[tuple[datetime, int, Event | None, Report | None]] = [
        (event.at, 1, event, None) for event in events
    ]
    found += [(datetime.fromisoformat(r["reported_at"]), 0, None, r) for r in reports]
    for at, _, event, report in sorted(found, key=lambda one: one[:2]):
        yield at, event, report


def figures(risks: list[Risk], first: str, journal: Journal, now: datetime) -> dict[str, Any]:
    """Of each site what is open, and how soon somebody took charge of what was raised since."""
    found = {}
    for site in {risk.site for risk in risks}:
        here = [one for one in risks if one.site == site]
        opened = [one for one in here if one.state == "raised"]
        zone = journal.zones[site]
        timely = [
            (one.acknowledged - one.raised, one.acknowledged <= one.by)
            for one in here
            if one.acknowledged and str(one.raised.astimezone(zone).date()) >= first
        ]
        minutes = sorted(waited / timedelta(minutes=1) for waited, _ in timely)
        unresolved = [one for one in here if one.state != "resolved"]
        if not unresolved and not timely:
            continue
        found[site] = {
            "open_high": sum(one.severity == "high" for one in opened),
            "open_moderate": sum(one.severity == "moderate" for one in opened),
            "overdue": sum(one.by <= now for one in opened),
            "unresolved": len(unresolved),
            "oldest_open_at": min((one.raised for one in opened), default=None),
            "acknowledged": len(timely),
            "median_minutes": between(minutes, 0.5),
            "p90_minutes": between(minutes, 0.9),
            "in_time_percent": 100 * sum(t for _, t in timely) / len(timely) if timely else None,
        }
    return found


def between(values: list[float], share: float) -> float | None:
    """The value so far along, between two neighbours in proportion."""
    if not values:
        return None
    place = share * (len(values) - 1)
    lower = values[int(place)]
    return lower + (values[min(int(place) + 1, len(values) - 1)] - lower) * (place - int(place))
