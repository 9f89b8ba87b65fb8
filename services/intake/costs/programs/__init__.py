"""Programs as data: how many days a week, and which services are charged."""

from functools import cache
from typing import Literal

from pydantic import Field

from services.intake.costs.rates import WORD
from services.intake.payers.codes import Part
from shared.datafiles import DataFileInvalid, read_all


class Charged(Part):
    """A service that is charged each day, or each week on its first day."""

    service: str = Field(pattern=WORD)
    per: Literal["day", "week"]
    quantity: int = Field(ge=1, le=20)


class Program(Part):
    """A usual week. `minutes_a_day` is told with an estimate and not reckoned with."""

    id: str = Field(pattern=WORD)
    version: str
    name: str
    days_a_week: int = Field(ge=1, le=7)
    minutes_a_day: int = Field(ge=1, le=1440)
    services: tuple[Charged, ...] = Field(min_length=1)


def by_id(found: dict[str, Program]) -> dict[str, Program]:
    """The programs by id.

    Raises:
        DataFileInvalid: two files have the same id.
    """
    programs = {one.id: one for one in found.values()}
    if len(programs) != len(found):
        raise DataFileInvalid("programs", 1, "two files have the same id")
    return programs


@cache
def programs() -> dict[str, Program]:
    """The programs, by id."""
    return by_id(read_all(Program, __name__, "programs"))


programs()  # read at once, so that a file that cannot be used keeps the service from starting
