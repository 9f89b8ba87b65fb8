"""What can be a date on a form, an insurance number, and an amount of money."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

FIRST_YEAR, LAST_YEAR = 1900, 2200


def usual_year(value: date) -> date:
    """Refuse a date that can only be a slip, before something is reckoned from it."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"Send a date between {FIRST_YEAR} and {LAST_YEAR}.")
    return value


LocalDate = Annotated[date, AfterValidator(usual_year)]
"""A day of the site's calendar."""
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 ./-]{0,38}[A-Za-z0-9])?$")
]
"""A number that a payer gives: letters, digits and what stands between them."""
Cents = Annotated[int, Field(ge=0, le=1_000_000_000_00, strict=True)]
"""United States dollars in cents, whole ones."""
