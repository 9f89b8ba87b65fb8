"""When an authorization is told to come to its end: one file, with a version and the holidays."""

from functools import cache
from typing import Self

from pydantic import Field, model_validator

from services.intake.payers.codes import Part
from shared.datafiles import DataFileInvalid, read_all


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


def only_one(found: dict[str, AlarmPolicy]) -> AlarmPolicy:
    """The policy in force.

    Raises:
        DataFileInvalid: there is none, or it is open which one holds.
    """
    if len(found) != 1:
        raise DataFileInvalid("authorization-alarms", 1, "one policy is needed")
    return next(iter(found.values()))


@cache
def alarm_policy() -> AlarmPolicy:
    """The policy in force."""
    return only_one(read_all(AlarmPolicy, __name__, "authorization-alarms"))


alarm_policy()  # read at once, so that a file that cannot be used keeps the service from starting
