"""What a residential stay costs, as a reference: one file, with its source and its day."""

from datetime import date
from functools import cache

from pydantic import Field

from services.intake.costs.rates import WORD
from services.intake.payers.codes import Part
from shared.datafiles import DataFileInvalid, read_all


class Reference(Part):
    """Days and a daily rate in cents. It compares cost and nothing else."""

    id: str = Field(pattern=WORD)
    version: str
    days: int = Field(ge=1, le=366)
    daily_rate_cents: int = Field(ge=0)
    as_of: date
    source: str = Field(min_length=1)
    verified: bool


def only_one(found: dict[str, Reference]) -> Reference:
    """The reference in force.

    Raises:
        DataFileInvalid: there is none, or it is open which one holds.
    """
    if len(found) != 1:
        raise DataFileInvalid("residential-reference", 1, "one reference is needed")
    return next(iter(found.values()))


@cache
def reference() -> Reference:
    """The reference in force."""
    return only_one(read_all(Reference, __name__, "residential-reference"))


reference()  # read at once, so that a file that cannot be used keeps the service from starting
