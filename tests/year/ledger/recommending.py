"""Which recommendation is made or withdrawn at each instant, and what became of it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.year.ledger.journal import Event, Journal
from tests.year.ledger.stays import Stay
from tests.year.ledger.verdicts import WAYS, Facts, Known, Rule, holds, verdicts

MADE = {
    "StepUpRecommended": "step_up",
    "StepDownRecommended": "step_down",
    "ExtendRecommended": "extend",
}
DECIDED = (*MADE, "RecommendationWithdrawn", "RecommendationDecided")
Policy = dict[str, Any]


@dataclass
class Standing:
    """What is open of a stay, and until when nothing of a kind is recommended."""

    kind: str | None = None
    by: frozenset[str] = frozenset()
    """The rules that were met when it was made."""
    paused: dict[str, datetime] = field(default_factory=dict)
    settled: bool = False
    """A step-down was accepted."""


def chosen(policy: Policy, facts: Facts, now: Standing, at: datetime) -> list[tuple[str, str]]:
    """What is withdrawn and what is made, in this order."""
    if now.settled:
        return []
    ways = {kind: policy[kind] for kind in WAYS if policy[kind]}
    found = {kind: verdicts(way, facts) for kind, way in ways.items()}

    def met(kind: str) -> bool:
        return sum(one.met for one in found[kind]) >= _needed(ways[kind])

    free = [kind for kind in ways if now.paused.get(kind, at) <= at and met(kind)]
    if now.kind is None:
        return [("made", kind) for kind in free[:1]]
    way = ways[now.kind]
    kept = sum(
        rule["name"] in now.by and holds(rule, verdict)
        for rule, verdict in zip(way["rules"], found[now.kind], strict=True)
    )
    if kept < _needed(way) and not met(now.kind):
        return [("no_longer_met", now.kind), *(("made", kind) for kind in free[:1])]
    order = list(ways)
    before = [kind for kind in free if order.index(kind) < order.index(now.kind)]
    return [("superseded", now.kind), ("made", before[0])] if before else []


def _needed(way: Rule) -> int:
    return way["needed"] or len(way["rules"])


TRIGGERS = frozenset(
    {
        "SessionAttended",
        "SessionMissed",
        "SessionNotHeld",
        "ScreeningCompleted",
        "ClientEnrolled",
        "RiskFlagRaised",
        "RiskFlagAcknowledged",
        "CourseRiskAcknowledged",
        "WeeklyHoursShort",
        "WeeklyHoursShortageLifted",
        "ClientsMerged",
        "ClientMergeUndone",
    }
)


def surprises(known: Known, stay: Stay, policy: Policy, until: datetime) -> Iterator[Any]:
    """Where something was made or withdrawn that the facts of the instant did not ask for, or was
    not although they did.

    What is told of a person at one instant may be looked at one by one, so that what the former
    facts asked for counts too, as long as all of them ask for nothing else in the end.
    """
    now, zone = Standing(), known.journal.zones[stay.site]

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), zone)

    def tell(event: Event) -> tuple[str, str] | None:
        today, data = event.at.astimezone(zone).date(), event.data
        pauses = policy["pause_days"]
        if event.name in MADE:
            met = (one["name"] for one in data["criteria"] if one["met"])
            now.kind, now.by = MADE[event.name], frozenset(met)
            return "made", now.kind
        if event.name == "RecommendationWithdrawn":
            now.kind = None
            now.paused[data["kind"]] = midnight(today + timedelta(pauses["withdrawn"]))
            return data["reason"], data["kind"]
        now.kind = None
        if data["decision"] == "defer":
            again = date.fromisoformat(data["until"])
        else:
            word = "accepted" if data["decision"] == "accept" else "declined"
            again = today + timedelta(pauses[word])
            now.settled = data["kind"] == "step_down" and word == "accepted"
        now.paused[data["kind"]] = midnight(again)
        return None

    for at, reasons, told in _instants(known, stay, until):
        before = Standing(now.kind, now.by, dict(now.paused), now.settled)
        done = [one for event in told if (one := tell(event)) is not None]
        facts = known.facts(stay, at)
        expected = chosen(policy, facts, before, at) if reasons else []
        if done == expected:
            continue
        if len(reasons) > 1:
            after = Standing(now.kind, now.by, dict(now.paused), now.settled)
            if done and not chosen(policy, facts, after, at):
                continue
        yield at, stay.id, done, expected, reasons


def _instants(
    known: Known, stay: Stay, until: datetime
) -> Iterator[tuple[datetime, list[str], list[Event]]]:
    """When a stay was looked at or something came of it: why, and what."""
    found: defaultdict[datetime, tuple[list[str], list[Event]]] = defaultdict(lambda: ([], []))
    ever, zone = known.people.ever(stay.client), known.journal.zones[stay.site]
    for event in known.journal.about(ever, until).events:
        data, at = event.data, event.at
        if event.name in DECIDED and data["enrolment_id"] == stay.id:
            found[at][1].append(event)
            if data.get("until"):
                day = date.fromisoformat(data["until"])
                found[datetime.combine(day, time(), zone)][0].append("deferred until now")
        touched = {event.client, data.get("merged_client_id", event.client)}
        if event.name in TRIGGERS and touched & known.people.records(stay.client, at):
            found[at][0].append(event.name)
    for one in known.reports:
        at = datetime.fromisoformat(one["reported_at"])
        if at <= until and one["client_id"] in known.people.records(stay.client, at):
            found[at][0].append("report of use")
    for at in sorted(found):
        if stay.lasts_at(at) and at <= until:
            yield at, *found[at]


@dataclass
class Recommendation:
    """One that was made, and what became of it."""

    kind: str
    site: str
    state: str = "open"
    lapsed: datetime | None = None


STATES = {"accept": "accepted", "decline": "declined", "defer": "deferred"}


def recommendations_of(journal: Journal, stays: list[Stay]) -> dict[str, Recommendation]:
    """All recommendations, by their ids; the end of a stay lets lapse what nobody decided on, and
    what was accepted if the stay ended by something else."""
    found: dict[str, Recommendation] = {}
    of_stay: dict[str, Stay] = {stay.id: stay for stay in stays}
    for event in journal.named(*DECIDED):
        data = event.data
        if event.name in MADE:
            made = Recommendation(MADE[event.name], data["site_id"])
            found[data["recommendation_id"]] = made
        elif event.name == "RecommendationWithdrawn":
            found[data["recommendation_id"]].state = "withdrawn"
        else:
            found[data["recommendation_id"]].state = STATES[data["decision"]]
    for event in journal.named(*MADE):
        one, stay = found[event.data["recommendation_id"]], of_stay[event.data["enrolment_id"]]
        if stay.ends is not None and one.state == "open":
            one.state, one.lapsed = "lapsed", stay.ends
        in_vain = one.state == "accepted" and one.kind == "step_down"
        if stay.ends is not None and in_vain and stay.state != "stepped_down":
            one.lapsed = stay.ends
    return found
