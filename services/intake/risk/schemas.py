"""What requests and answers about risk flags look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from services.intake.risk.rules.flags import State
from shared.contracts.intake import RiskKind, RiskSeverity, Token
from shared.escalation import Who
from shared.web import Instant, Shown, Strict
from shared.web.texts import readable

Wanted = Literal["open", "overdue", "all"]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    AfterValidator(readable),
]


class Acknowledgement(Strict):
    """A clinician takes charge of a flag."""

    action: Token = Field(
        description="What was done: one of the actions that the flag lists.",
        examples=["safety_plan"],
    )
    note: Note | None = Field(
        None, description="Stays in this service.", examples=["Seen at 10:15, plan renewed."]
    )


class RiskAction(Shown):
    """Something a clinician can say was done."""

    action: Token = Field(examples=["safety_plan"])
    name: str = Field(examples=["Safety plan made or renewed with the client"])
    note_needed: bool = Field(description="A note has to come with it.", examples=[False])


class RiskFlag(Shown):
    """A risk of one client that a clinician has to see."""

    id: UUID
    client_id: UUID
    site_id: UUID
    kind: RiskKind = Field(examples=["suicide_risk"])
    severity: RiskSeverity = Field(examples=["high"])
    state: State = Field(examples=["raised"])
    found_in: Token = Field(description="Instrument or form.", examples=["phq-9"])
    raised_at: Instant
    found_count: int = Field(description="Findings that stand in this flag.", examples=[1])
    last_found_at: Instant
    acknowledge_by: Instant
    overdue: bool = Field(description="Open, and that instant has come.", examples=[False])
    step: int = Field(description="Steps of escalation so far; 0 for none.", examples=[0])
    escalates_at: Instant | None = Field(
        description="The next step; null when acknowledged, or when all were told."
    )
    action: Token | None = Field(description="What was done.", examples=["safety_plan"])
    acknowledged_by: str | None = Field(
        description="Subject of the clinician's token.", examples=["counselor-7"]
    )
    acknowledged_at: Instant | None
    version: int = Field(
        description="The ETag. It counts what a clinician must have seen: a flag that became more "
        "severe has a new one, an escalation does not change it.",
        examples=[1],
    )


class RiskFlagInFull(RiskFlag):
    """A flag with what to think of, what can be named as done, and the note."""

    guidance: str = Field(examples=["Talk with the client now and ask about suicide directly."])
    actions: list[RiskAction]
    next_told: Who | None = Field(
        description="Who is told at the next step.", examples=["clinical_lead"]
    )
    note: str | None = Field(examples=["Seen at 10:15, plan renewed."])


class RiskCounts(Shown):
    """How many flags of a site wait for a clinician."""

    site_id: UUID
    open: int = Field(examples=[3])
    overdue: int = Field(description="Of the open ones, past their deadline.", examples=[1])
    oldest_due_at: Instant | None = Field(description="The earliest deadline of an open one.")


class RiskSummary(Shown):
    """Counts by site; sites without an open flag are not listed."""

    sites: list[RiskCounts]
