"""One thing that happened in the care of a client."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from services.outcomes.step_down.schemas import Recommendation
from shared.web import Instant, Shown, Timeline

Kind = Literal[
    "referral",
    "stay",
    "score",
    "session",
    "hours",
    "recommendation",
    "decision",
    "goal",
    "risk",
    "use_report",
    "follow_up",
]


class Happened(Shown):
    """Something that happened, in the words of whatever it is of."""

    kind: Kind = Field(examples=["score"])
    id: UUID = Field(
        description="Of the referral, stay, screening, session, recommendation, goal, risk, report "
        "or follow-up."
    )
    client_id: UUID = Field(description="The record of the person that it is of.")
    site_id: UUID
    at: Instant
    what: str | None = Field(
        description="The level of care, instrument, week, goal, risk or finding.",
        examples=["phq-9"],
    )
    state: str | None = Field(
        description="What came of it: the state, the band, or what became of the seat.",
        examples=["mild"],
    )
    value: int | None = Field(
        description="The total of a score; minutes attended of a session, and missing in a week; "
        "days after the stay of a follow-up.",
        examples=[7],
    )
    change: int | None = Field(
        description="Of a total since the one before in the same stay, by the same version of the "
        "instrument.",
        examples=[-3],
    )
    why: str | None = Field(
        description="The reason, action or resolution.", examples=["clinical_judgement"]
    )
    recommendation: Recommendation | None = Field(
        default=None, description="With every criterion; of recommendations."
    )


class ClientTimeline(Timeline[Happened]):
    """What happened to a client, and what awaits a decision, however long ago it was made."""

    open: list[Recommendation]
