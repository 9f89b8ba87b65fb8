"""What requests and answers about preferences look like."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints, model_validator

from services.intake.referrals.values import Note, Zone
from shared.contracts.intake import GenderGroup, Token
from shared.web import Instant, Shown, Strict
from shared.weekly import Clock, ClockOrMidnight, Window, minute_of

Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)
]


Interpreter = Literal["none", "spoken", "sign"]
CohortWish = Literal["same_gender", "any", "no_preference"]


class WeeklyTime(Strict):
    """A time of each week, by the client's clock."""

    weekday: int = Field(ge=1, le=7, strict=True, description="1 is Monday.", examples=[1])
    starts_at: Clock = Field(description="From.", examples=["17:30"])
    ends_at: ClockOrMidnight = Field(
        description="Up to, on the same day; `24:00` is the midnight that ends it.",
        examples=["21:00"],
    )

    @property
    def slot(self) -> Window:
        return Window(self.weekday, minute_of(self.starts_at), minute_of(self.ends_at))


class Telehealth(Strict):
    """What taking part by video needs."""

    device: StrictBool = Field(description="Has a device with a camera.", examples=[True])
    private_space: StrictBool = Field(
        description="Has a place where nobody else hears the group.", examples=[True]
    )
    connection: StrictBool = Field(description="Has a connection that holds.", examples=[True])

    @property
    def is_able(self) -> bool:
        """All three are there."""
        return self.device and self.private_space and self.connection


class Children(Strict):
    """Minor children who live with the client."""

    minor: int = Field(ge=0, le=20, strict=True, description="How many.", examples=[1])
    child_care_needed: StrictBool = Field(
        description="Cannot come unless somebody looks after them.", examples=[True]
    )

    @model_validator(mode="after")
    def care_is_for_children(self) -> Self:
        if self.child_care_needed and self.minor == 0:
            raise ValueError("Child care is for minor children: say how many there are.")
        return self


class CourtRequirements(Strict):
    """What a court or an agency asks of the client."""

    minutes_a_week: int | None = Field(
        None, ge=1, le=3600, strict=True, description="Treatment a week, at least.", examples=[540]
    )
    reports_to: list[Token] = Field(
        max_length=8, description="Words of the vocabulary.", examples=[["probation"]]
    )
    next_date: date | None = Field(
        None, description="Next hearing or report.", examples=["2026-04-01"]
    )


class Accommodations(Strict):
    """What the client needs to take part."""

    needs: list[Token] = Field(
        max_length=20, description="Words of the vocabulary.", examples=[["wheelchair_access"]]
    )
    note: Note | None = Field(None, description="In words.", examples=["Ramp at the side door."])


class StatedPreferences(Strict):
    """When and how a client can take part."""

    time_zone: Zone = Field(
        description="IANA zone of the times.",
        examples=["America/Denver"],
    )
    available: list[WeeklyTime] = Field(
        max_length=50, description="Times of each week that do not overlap; they may touch."
    )
    constraints: list[Token] = Field(
        default=[],
        max_length=20,
        description="Around which duties, in words of the vocabulary.",
        examples=[["work_daytime"]],
    )
    telehealth: Telehealth = Field(description="What taking part by video needs.")
    transport: Token = Field(description="A word of the vocabulary.", examples=["public_transit"])
    language: Language = Field(description="Preferred, as BCP 47.", examples=["en"])
    interpreter: Interpreter = Field("none", description="Needed for groups.", examples=["none"])
    cohort_wish: CohortWish = Field(
        "no_preference", description="Gender of the cohort.", examples=["no_preference"]
    )
    children: Children = Field(description="Minor children.")
    court: CourtRequirements | None = Field(
        None,
        description="Null when none is in play.",
        examples=[{"minutes_a_week": 540, "reports_to": ["probation"], "next_date": "2026-04-01"}],
    )
    accommodations: Accommodations = Field(
        default=Accommodations(needs=[]), description="What the client needs."
    )


class Preferences(Shown):
    """When and how a client can take part, as last stated."""

    client_id: UUID
    site_id: UUID
    stated: StatedPreferences | None = Field(description="Null until something was stated.")
    available_minutes: int = Field(description="Sum of the weekly times.", examples=[630])
    telehealth_able: bool = Field(description="Device, private space and connection are there.")
    needs_transport: bool = Field(description="The program has to arrange it.")
    gender_group: GenderGroup | None = Field(
        description="The group that is wished for, by the stated gender; null for any group.",
        examples=[None],
    )
    changed_at: Instant | None
    version: int = Field(
        description="The ETag; 0 until something was stated, and then taken as If-Match.",
        examples=[0],
    )
