"""The life of a risk flag: its states, how findings meet, and which step is due when. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.intake.risk.rules import Finding
from shared.contracts.intake import RiskKind, RiskSeverity

State = Literal["raised", "escalated", "acknowledged"]
Happening = Literal["found_again", "escalate", "acknowledge"]

NEXT: dict[State, dict[Happening, State]] = {
    "raised": {"found_again": "raised", "escalate": "escalated", "acknowledge": "acknowledged"},
    "escalated": {
        "found_again": "escalated",
        "escalate": "escalated",
        "acknowledge": "acknowledged",
    },
    "acknowledged": {},
}
"""State → what happens → next state. What is not listed cannot happen: the same risk found after
an acknowledgement is a flag of its own."""

SEVERITIES: tuple[RiskSeverity, ...] = ("moderate", "high")
"""From the less to the more severe."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How soon a flag has to be acknowledged, and what follows if it is not.

    `pauses[0]` lies between the deadline and step 1, `pauses[n]` between step n and step n + 1;
    after the last of them a further step follows every `repeat`.
    """

    within: timedelta
    pauses: tuple[timedelta, ...]
    repeat: timedelta


@dataclass(frozen=True, slots=True)
class Escalation:
    """The step that is due now, and when the one after it is."""

    step: int
    next_at: datetime


def after(state: State, happening: Happening) -> State | None:
    """The state that follows, or None when it cannot happen."""
    return NEXT[state].get(happening)


def most_severe(findings: Iterable[Finding]) -> list[Finding]:
    """One finding of each kind, the first of the most severe ones, in the order of their kinds."""
    kept: dict[RiskKind, Finding] = {}
    for finding in findings:
        known = kept.get(finding.kind)
        if known is None or is_worse(finding.severity, known.severity):
            kept[finding.kind] = finding
    return [kept[kind] for kind in sorted(kept)]


def is_worse(severity: RiskSeverity, than: RiskSeverity) -> bool:
    """Whether a finding makes an open flag more severe."""
    return SEVERITIES.index(severity) > SEVERITIES.index(than)


def pause_after(schedule: Schedule, step: int) -> timedelta:
    """How long after `step` the next one follows; step 0 is the deadline."""
    return schedule.pauses[step] if step < len(schedule.pauses) else schedule.repeat


def escalation(schedule: Schedule, step: int, due_at: datetime, now: datetime) -> Escalation | None:
    """What is due at `now` for a flag that has reached `step`, its next one being due at `due_at`.

    None when nothing is. Steps that were missed while nobody looked are passed over: one late
    worker tells the people of the step that is due now, and no others in a burst. After the last
    step of the policy the count goes on, as each repetition has to reach somebody anew.
    """
    if now < due_at:
        return None
    step += 1
    next_at = due_at + pause_after(schedule, step)
    while next_at <= now and step < len(schedule.pauses):
        step += 1
        next_at += pause_after(schedule, step)
    if next_at <= now:
        missed = (now - next_at) // schedule.repeat + 1
        step += missed
        next_at += missed * schedule.repeat
    return Escalation(step, next_at)
