"""What requests and answers about the staff look like."""

from dataclasses import asdict
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.scheduling.closed_days.schemas import YEARS, Day
from services.scheduling.directory.rules import WorkingTime
from services.scheduling.directory.schemas import Name, WeeklyTime
from shared.contracts.intake import Token
from shared.contracts.scheduling import Language, StaffGender, StaffTraining
from shared.web import FromJson, Instant, Shown, Strict, described


class HeldCredential(Strict):
    """What a person may do, and until when."""

    credential: Token = described("A word for it.", "lac")
    expires_on: Day | None = described("Its last day; null where it does not expire.", default=None)


class WorkingHours(WeeklyTime):
    """A time of each week at which a person works at a site, by the clock of the site."""

    site_id: UUID

    @property
    def working_time(self) -> WorkingTime:
        """As the rules take it."""
        return WorkingTime(**asdict(self.window), site_id=self.site_id)


class AskedStaff(BaseModel):
    """Who of the staff is listed; None: all. `credential` finds who holds it today, by the calendar
    of the home site; with `expires_before` whose expires earlier than that day."""

    site_id: UUID | None = described("Who works at this site.", default=None)
    credential: Token | None = described("Who holds it today.", "lac", default=None)
    training: StaffTraining | None = described("Who has it.", default=None)
    language: Language | None = described("Who speaks it, as BCP 47.", default=None)
    expires_before: Day | None = described(
        "Whose credential, of those asked for, expires before this day.", default=None
    )
    left: bool = described("Show those who left, too.", default=False)


SUBJECT = described("The `sub` of the person's own tokens.", None, default=None)
GENDER = described("For groups that need it; may be unsaid.", default=None)
LIMIT = described("Most clients at a time.", 12, default=None, ge=1, le=1_000, strict=True)


class NewStaffMember(Strict):
    """A person of the staff, as they are to be entered."""

    name: Name = described("For staff; never in events.", "Rosa Diaz")
    subject: Name | None = SUBJECT
    gender: StaffGender | None = GENDER
    languages: list[Language] = described("BCP 47.", default=[], max_length=20)
    trainings: list[StaffTraining] = Field(default=[], max_length=10)
    credentials: list[HeldCredential] = Field(default=[], max_length=30)
    caseload_limit: int | None = LIMIT
    home_site_id: UUID = described("Where the person belongs; one of `site_ids`.")
    site_ids: list[UUID] = described("Where they work.", min_length=1, max_length=100)
    hours: list[WorkingHours] = described(
        "When they work where. Times at one site do not overlap; at one time a person "
        "may be had at several. Without any, a person may be planned at any time.",
        default=[],
        max_length=200,
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

    session_ids: list[UUID] = described(
        "Sessions in that time for which the person is taken: find somebody else."
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

    starts: DayOrInstant = described("The first day, or an instant.", "2026-07-06")
    ends: DayOrInstant = described(
        "The last day, or the instant at which the person is back.", "2026-07-17"
    )


class StaffMember(Shown):
    """A person of the staff, as far as it is about sites that the caller may see."""

    id: UUID
    name: str = Field(examples=["Rosa Diaz"])
    subject: str | None = SUBJECT
    gender: StaffGender | None = GENDER
    languages: list[Language]
    trainings: list[StaffTraining]
    credentials: Annotated[list[HeldCredential], FromJson]
    caseload_limit: int | None = LIMIT
    home_site_id: UUID | None = described("Null where the caller may not see it.")
    site_ids: list[UUID]
    hours: list[WorkingHours]
    leave: Annotated[list[Leave], FromJson] = described("That has not ended.")
    created_at: Instant
    left_at: Instant | None = described("Since when the person is not of the staff.")
    sessions_to_come: int = described("Sessions that the person is taken for.", 4)
    version: int = described("The ETag.", 1)
