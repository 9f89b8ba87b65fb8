"""When an authorization is told to come to its end: one file, with a version and the holidays."""

from datetime import date
from typing import Self

from holidays import country_holidays
from pydantic import Field, model_validator

from shared.datafiles import DataFile, data_file

FEDERAL = country_holidays("US")
OBSERVED = " (observed)"


class AlarmPolicy(DataFile):
    """From when on an alarm is raised."""

    units_left_percent: int = Field(ge=0, le=100)
    business_days_left: int = Field(ge=0, le=60)
    open_on: tuple[str, ...] = ()
    """Federal holidays on which payers' offices work all the same, by the library's names."""

    @model_validator(mode="after")
    def knows_its_holidays(self) -> Self:
        known = {
            name.removesuffix(OBSERVED) for name in country_holidays("US", years=2027).values()
        }
        if unknown := sorted(set(self.open_on) - known):
            raise ValueError(f"{unknown[0]} is none of {', '.join(sorted(known))}.")
        return self

    def is_closed(self, on: date) -> bool:
        """Whether offices are closed for a federal holiday.

        One on a Saturday is kept on Friday, one on a Sunday on Monday (5 U.S.C. 6103; Executive
        Order 11582, section 3).
        """
        name = FEDERAL.get(on)
        return name is not None and name.removesuffix(OBSERVED) not in self.open_on


alarm_policy = data_file(AlarmPolicy, __name__, "alarms")
"""The policy in force."""
