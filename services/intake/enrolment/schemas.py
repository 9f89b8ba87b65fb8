"""What requests and answers about enrolments look like."""

from uuid import UUID

from pydantic import Field

from services.intake.enrolment.rules import State
from shared.web import Instant, Shown, Strict

REASON = r"^[a-z][a-z0-9_]{0,59}$"


class NewEnrolment(Strict):
    """An admission."""

    determination_id: UUID = Field(
        description="The signed level-of-care decision in force.",
        examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"],
    )


class Hold(Strict):
    """A pause of a stay."""

    reason: str = Field(
        pattern=REASON, description="One of the reasons for a hold.", examples=["medical_leave"]
    )


class Discharge(Strict):
    """The end of a stay."""

    reason: str = Field(
        pattern=REASON,
        description="One of the discharge reasons; it decides on the state.",
        examples=["goals_met"],
    )
    note: str | None = Field(
        None, max_length=2_000, description="For the record; it stays in intake.", examples=[None]
    )


class Enrolment(Shown):
    """A stay in the program."""

    id: UUID
    client_id: UUID
    site_id: UUID
    determination_id: UUID
    level_of_care: str = Field(examples=["2.1"])
    state: State = Field(examples=["active"])
    reason: str | None = Field(description="Why it ended or pauses.", examples=[None])
    teds_reason: int | None = Field(
        description="REASON in the TEDS-D public-use file; null while it lasts.", examples=[None]
    )
    former_id: UUID | None = Field(description="The stay before this one, for a re-admission.")
    enrolled_at: Instant
    first_service_at: Instant | None
    ended_at: Instant | None
    late_step_down_id: UUID | None = Field(
        description="A recommendation to step down that was accepted, and told after the stay had "
        "ended otherwise; it changed nothing."
    )
    late_step_down_at: Instant | None = Field(description="When that one was accepted.")
    version: int = Field(description="The ETag.", examples=[1])


class StayCount(Shown):
    """How many stays are in a state at a level of care."""

    state: State = Field(examples=["active"])
    level_of_care: str = Field(examples=["2.1"])
    count: int = Field(examples=[14])


class SiteCensus(Shown):
    """The stays of one site that have not ended."""

    site_id: UUID
    stays: int = Field(description="All of them.", examples=[17])
    counts: list[StayCount] = Field(description="By state and level of care; none that is 0.")


class Census(Shown):
    """How many clients are in the program now, at each of the caller's sites; none is named."""

    as_of: Instant
    sites: list[SiteCensus]
