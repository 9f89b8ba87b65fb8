"""The life of a risk flag: its states, and how findings meet. Pure."""

from collections.abc import Iterable
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
