"""What programs and residential stays cost, as data: prices by site and by the day from which they
hold; programs with their charged services; a residential stay as a reference."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.datafiles import DataFileInvalid, Part, data_file, data_folder

WORD = r"^[a-z0-9][a-z0-9_.-]{0,59}$"


class Price(Part):
    """What one of a service costs from a day on, in cents."""

    service: str = Field(pattern=WORD)
    effective_from: date
    cents: int = Field(ge=0)


class PriceList(Part):
    """Prices by the day from which they hold."""

    id: str = Field(pattern=WORD)
    version: str
    status: str
    prices: tuple[Price, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def has_one_price_a_day(self) -> Self:
        days = [(price.service, price.effective_from) for price in self.prices]
        if len(set(days)) != len(days):
            raise ValueError("A service has two prices from one day.")
        return self

    def price(self, service: str, on: date) -> int | None:
        """The price in force on a day, in cents; None before the first."""
        known = [p for p in self.prices if p.service == service and p.effective_from <= on]
        return max(known, key=lambda p: p.effective_from).cents if known else None


price_list = data_file(PriceList, __name__, "prices", by_site=True)
"""The price list in force, everywhere or at a site."""


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


programs = data_folder(Program, __name__, "programs", by_id)
"""The programs, by id."""


class Reference(Part):
    """Days and a daily rate in cents. It compares cost and nothing else."""

    id: str = Field(pattern=WORD)
    version: str
    days: int = Field(ge=1, le=366)
    daily_rate_cents: int = Field(ge=0)
    as_of: date
    source: str = Field(min_length=1)
    verified: bool


reference = data_file(Reference, __name__, "residential")
"""What a residential stay costs: it compares cost and nothing else."""
