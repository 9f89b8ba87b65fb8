"""What answers about program measures look like. None but cases names a client."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.web import Instant, Shown

By = Literal[
    "none",
    "site",
    "region",
    "cohort",
    "level_of_care",
    "dual_diagnosis",
    "gender_group",
    "age_band",
    "month",
]


class Proportion(Shown):
    """A share with 95 % limits after Wilson."""

    share: float = Field(examples=[0.9167])
    low: float = Field(examples=[0.6461])
    high: float = Field(examples=[0.9851])


class Point(Shown):
    """The curves on one day; what is hidden or cannot be estimated is null."""

    day: int = Field(examples=[30])
    at_risk: int | None = Field(description="Under observation beyond the day.", examples=[40])
    survival: float | None = Field(examples=[0.82])
    low: float | None = Field(description="95 % limits by the log-log transform.", examples=[0.7])
    high: float | None = Field(examples=[0.9])
    incidence: dict[str, float | None] = Field(description="By kind of end.")


class Curve(Shown):
    """How long it takes, with those still under observation as censored."""

    median_days: float | None = Field(
        description="Null where it is not reached, or hidden.", examples=[41.0]
    )
    transform: Literal["log-log"] = "log-log"
    points: list[Point]


class Group(Shown):
    """The figures of one group, or of all. A number that is hidden is null."""

    group: str | None = Field(description="Null of all groups together.", examples=["2.1"])
    total: int | None = Field(description="Who counts.", examples=[52])
    classes: dict[str, int | None] = Field(examples=[{"so": 31, "otherwise": 21}])
    proportion: Proportion | None = Field(description="Of the first class.")
    hours: float | None = Field(default=None, description="Delivered.", examples=[412.5])
    curve: Curve | None = None


class MeasureFigures(Shown):
    """What a measure comes to."""

    measure: str = Field(examples=["completion"])
    name: str
    definitions_version: str = Field(examples=["1"])
    sites_with_own_definitions: list[UUID]
    since: date = Field(description="The first day.", examples=["2026-01-01"])
    until: date = Field(description="The day after the last one.", examples=["2026-04-01"])
    by: By
    as_of: Instant
    smallest_cell: int = Field(examples=[11])
    groups: list[Group]
    all: Group | None = Field(description="Null where groups do not add up, as a census by month.")


class CountedCase(Shown):
    """A case that counts in a figure."""

    id: UUID = Field(description="Of the stay, the referral or the follow-up.")
    of: Literal["stay", "referral", "survey"]
    client_id: UUID
    site_id: UUID
    on: date = Field(description="By which it belongs to a month.")
    group: str | None
    falls: str = Field(description="The class.", examples=["so"])
    number: int = Field(description="Sessions, for attendance; else 1.", examples=[1])
