"""Prices of services as data, by site and by the day from which they hold."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from services.intake.payers.codes import Part
from shared.datafiles import DataFileInvalid, read_all

WORD = r"^[a-z0-9][a-z0-9_.-]{0,59}$"


class Price(Part):
    """What one of a service costs from a day on, in cents."""

    service: str = Field(pattern=WORD)
    effective_from: date
    cents: int = Field(ge=0)


class PriceList(Part):
    """Prices of the named sites; without any, of all sites that no other list names."""

    id: str = Field(pattern=WORD)
    version: str
    status: str
    sites: tuple[UUID, ...] = ()
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


def by_site(found: Iterable[PriceList]) -> dict[UUID | None, PriceList]:
    """The list of each named site, and under None the one for all others.

    Raises:
        DataFileInvalid: two lists are for one site, or none is for the others.
    """
    lists: dict[UUID | None, PriceList] = {}
    for one in found:
        for site in one.sites or (None,):
            if site in lists:
                raise DataFileInvalid(one.id, 1, "sites: another list is for the same")
            lists[site] = one
    if None not in lists:
        raise DataFileInvalid("rates", 1, "one list without sites is needed, for all others")
    return lists


@cache
def price_lists() -> dict[UUID | None, PriceList]:
    """The price lists in force."""
    return by_site(read_all(PriceList, __name__, "rates").values())


def prices_of(site_id: UUID) -> PriceList:
    """The price list of a site."""
    return price_lists().get(site_id) or price_lists()[None]


price_lists()  # read at once, so that a file that cannot be used keeps the service from starting
