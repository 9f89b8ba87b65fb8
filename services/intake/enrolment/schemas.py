"""What requests and answers about enrolments look like."""

from uuid import UUID

from pydantic import Field

from services.intake.enrolment.rules import State
from shared.web import Instant, Shown, Strict


class NewEnrolment(Strict):
    """An admission."""

    determination_id: UUID = Field(
        description="The level-of-care decision in force.",
        examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"],
    )


class Enrolment(Shown):
    """A stay in the program."""

    id: UUID
    client_id: UUID
    site_id: UUID
    determination_id: UUID
    level_of_care: str = Field(examples=["2.1"])
    state: State = Field(examples=["active"])
    enrolled_at: Instant
    ended_at: Instant | None
    version: int = Field(description="The ETag.", examples=[1])
