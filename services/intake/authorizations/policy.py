"""When an authorization is told to come to its end: one file, with a version and the holidays."""

from typing import Self

from pydantic import Field, model_validator

from shared.datafiles import Part, data_file


class Holiday(Part):
    """A holiday by its date, or as the nth ISO weekday of a month, -1 for the last."""

    name: str
    month: int = Field(ge=1, le=12)
    day: int | None = Field(default=None, ge=1, le=31)
    weekday: int | None = Field(default=None, ge=1, le=7)
    nth: int | None = Field(default=None, ge=-1, le=4)

    @model_validator(mode="after")
    def is_one_of_two(self) -> Self:
        by_weekday = self.weekday is not None and self.nth not in (None, 0)
        if (self.day is None) != by_weekday or (self.weekday is None) != (self.nth is None):
            raise ValueError("Give either day, or weekday with nth.")
        return self


class AlarmPolicy(Part):
    """From when on an alarm is raised."""

    id: str
    version: str
    source: str
    units_left_percent: int = Field(ge=0, le=100)
    business_days_left: int = Field(ge=0, le=60)
    holidays: tuple[Holiday, ...]


alarm_policy = data_file(AlarmPolicy, __name__, "alarms")
"""The policy in force."""
