"""When use and missed sessions are a risk. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from services.outcomes.risk.policy import MissedAfterHighRisk, ReturnToUse
from shared.contracts.intake import RiskSeverity

State = Literal["raised", "acknowledged", "resolved"]
NEXT: dict[State, dict[str, State]] = {
    "raised": {"acknowledge": "acknowledged"},
    "acknowledged": {"resolve": "resolved"},
    "resolved": {},
}
"""State → what happens → next state. Nothing is resolved that nobody took charge of."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A session that was missed without excuse."""

    session_id: UUID
    on: date
    """At the site."""


def severity_of_use(days: Sequence[date], today: date, rule: ReturnToUse) -> RiskSeverity:
    """How severe use on these days is, the latest report among them."""
    since = today - timedelta(days=rule.within_days)
    recent = [day for day in days if since < day <= today]
    return "high" if len(recent) >= rule.high_from else "moderate"


def missed_after(
    raised_on: date, missed: Sequence[Missed], rule: MissedAfterHighRisk
) -> list[UUID]:
    """The sessions missed after a high risk that are a risk of their own: the first so many in the
    days after it, or none. `missed` are those after it, in their order."""
    last = raised_on + timedelta(days=rule.within_days)
    known = [one for one in missed if one.on <= last][: rule.sessions]
    return [one.session_id for one in known] if len(known) == rule.sessions else []
