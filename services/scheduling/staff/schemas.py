"""What requests and answers about the staff look like."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.scheduling.closed_days.schemas import YEARS, Day
from services.scheduling.directory.rules import WorkingTime
from services.scheduling.directory.schemas import Name, WeeklyTime
from shared.contracts.intake import Token
from shared.contracts.scheduling import Language, StaffGender, StaffTraining
from shared.web import Instant, Shown, Strict


class HeldCredential(Strict):
    """What a person may do, and until when."""

    credential: Token = Field(description="A word for it.", examples=["lac"])
    expires_on: Day | None = Field(None, description="Its last day; null where it does not expire.")


class WorkingHours(WeeklyTime):
    """A time of each week at which a person works at a site, by the clock of the site."""

    site_id: UUID

    @property
    def working_time(self) -> WorkingTime:
        """As the rules take it."""
        window = self.window
        return WorkingTime(window.weekday, window.starts_minute, window.ends_minute, self.site_id)


class AskedStaff(BaseModel):
    """Who of the staff is listed; None: all. `credential` finds who holds it today, by the calendar
    of the home site; with `expires_before` whose expires earlier than that day."""

    site_id: UUID | None = Field(None, description="Who works at this site.")
    credential: Token | None = Field(None, description="Who holds it today.", examples=["lac"])
    training: StaffTraining | None = Field(None, description="Who has it.")
    language: Language | None = Field(None, description="Who speaks it, as BCP 47.")
    expires_before: Day | None = Field(
        None, description="Whose credential, of those asked for, expires before this day."
    )
    left: bool = Field(False, description="Show those who left, too.")


SUBJECT = Field(default=None, description="The `sub` of the person's own tokens.", examples=[None])
GENDER = Field(default=None, description="For groups that need it; may be unsaid.")
LIMIT = Field(
    None, ge=1, le=1_000, strict=True, description="Most clients at a time.", examples=[12]
)


class NewStaffMember(Strict):
    """A person of the staff, as they are to be entered."""

    name: Name = Field(description="For staff; never in events.", examples=["Rosa Diaz"])
    subject: Name | None = SUBJECT
    gender: StaffGender | None = GENDER
    languages: list[Language] = Field(default=[], max_length=20, description="BCP 47.")
    trainings: list[StaffTraining] = Field(default=[], max_length=10)
    credentials: list[HeldCredential] = Field(default=[], max_length=30)
    caseload_limit: int | None = LIMIT
    home_site_id: UUID = Field(description="Where the person belongs; one of `site_ids`.")
    site_ids: list[UUID] = Field(min_length=1, max_length=100, description="Where they work.")
    hours: list[WorkingHours] = Field(
        default=[],
        max_length=200,
        description="When they work where. Times at one site do not overlap; at one time a person "
        "may be had at several. Without any, a person may be planned at any time.",
    )


class Leave(Shown):
    """A time at which a person does not work."""

    id: UUID
    staff_id: UUID
    starts_at: Instant
    ends_at: Instant
    entered_at: Instant


class EnteredLeave(Leave):
    """A leave, and what it leaves without the person."""

    session_ids: list[UUID] = Field(
        description="Sessions in that time for which the person is taken: find somebody else."
    )


def of_this_age(value: date) -> date:
    """Refuse what lies so far off that it can only be a slip, or has no instant of its own."""
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise ValueError(f"Give a time between {YEARS[0]} and {YEARS[1]}.")
    return value


DayOrInstant = Annotated[
    Annotated[Instant, AfterValidator(of_this_age)] | Day, Field(union_mode="left_to_right")
]


class NewLeave(Strict):
    """A time at which a person does not work; days are of the home site's calendar."""

    starts: DayOrInstant = Field(
        description="The first day, or an instant.", examples=["2026-07-06"]
    )
    ends: DayOrInstant = Field(
        description="The last day, or the instant at which the person is back.",
        examples=["2026-07-17"],
    )


class StaffMember(Shown):
    """A person of the staff, as far as it is about sites that the caller may see."""

    id: UUID
    name: str = Field(examples=["Rosa Diaz"])
    subject: str | None = SUBJECT
    gender: StaffGender | None = GENDER
    languages: list[Language]
    trainings: list[StaffTraining]
    credentials: list[HeldCredential]
    caseload_limit: int | None = LIMIT
    home_site_id: UUID | None = Field(description="Null where the caller may not see it.")
    site_ids: list[UUID]
    hours: list[WorkingHours]
    leave: list[Leave] = Field(description="That has not ended.")
    created_at: Instant
    left_at: Instant | None = Field(description="Since when the person is not of the staff.")
    sessions_to_come: int = Field(
        description="Sessions that the person is taken for.", examples=[4]
    )
    version: int = Field(description="The ETag.", examples=[1])
