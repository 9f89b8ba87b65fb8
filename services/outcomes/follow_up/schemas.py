"""What requests and answers about follow-ups look like."""

from collections.abc import Mapping
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.outcomes.episodes.schemas import OfStay
from services.outcomes.follow_up.policy import Question
from shared.contracts.intake import Token
from shared.web import Instant, Shown, Strict

State = Literal["planned", "due", "answered", "returned", "declined", "died", "lost"]


class Answers(Strict):
    """What a client answered; a question may be left out, and is unknown then."""

    answers: Mapping[Token, Token] = Field(
        description="By question of the survey.", examples=[{"housing": "yes"}], min_length=1
    )


class FollowUpClosing(Strict):
    """Why a client will not answer."""

    outcome: Literal["declined", "died", "lost"] = Field(
        description="`lost`: nobody could reach the client.", examples=["declined"]
    )


class FollowUp(OfStay):
    """A survey after the end of a stay. Of whoever did not answer nothing is known."""

    id: UUID
    days: int = Field(description="After the end of the stay.", examples=[90])
    due_on: date
    closes_on: date = Field(description="From this day on it cannot be answered.")
    state: State = Field(
        description="`returned`: the client entered the program again; `lost`: nobody answered "
        "in time. Nothing is assumed of either.",
        examples=["due"],
    )
    closed_at: Instant | None
    answers: dict[str, str] | None = Field(
        description="By question; one that is not there is unknown.", examples=[{"housing": "yes"}]
    )
    survey_version: str | None
    answered_by: str | None = Field(description="Who entered it; `link:…` is the client.")
    version: int = Field(description="The ETag.", examples=[1])


class FollowUpLink(Shown):
    """A link by which the client can answer once; shown this once."""

    follow_up_id: UUID
    client_id: UUID
    site_id: UUID
    address: str = Field(examples=["/follow-up#EXAMPLE-7wY0bLk3o2mC1r5s9tQvXzA8dEfGhIjKlMn"])
    closes_on: date
    version: int = Field(examples=[2])


class OwnFollowUp(Shown):
    """A survey as the client sees it: no name, no place, nothing of the program."""

    client_id: UUID = Field(exclude=True)
    site_id: UUID = Field(exclude=True)
    state: State = Field(examples=["due"])
    questions: list[Question]
