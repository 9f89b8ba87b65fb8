"""What the figures of the board count, and the clocks of referrals: data with a version."""

from typing import Self

from pydantic import Field, model_validator

from services.outcomes.board.figures import FIGURES
from shared.datafiles import Part, data_file


class Definition(Part):
    """What one figure counts, in words."""

    version: int = Field(ge=1)
    title: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    counts: str = Field(min_length=1)


class Definitions(Part):
    """The definitions of all figures."""

    source: str = Field(min_length=1)
    figures: dict[str, Definition]

    @model_validator(mode="after")
    def are_those_of_the_board(self) -> Self:
        for name in FIGURES:
            if name not in self.figures:
                raise ValueError(f"The figure {name} has no definition.")
        for name in self.figures:
            if name not in FIGURES:
                raise ValueError(f"The board has no figure {name}.")
        return self

    def id_of(self, figure: str) -> str:
        """The id of a figure's definition: another one as soon as something else is counted."""
        return f"board.{figure}.v{self.figures[figure].version}"


class Clocks(Part):
    """Within how many days of the site's calendar a referral gets to the first screening and to the
    first service, and how many days before its last day a clock runs out soon."""

    version: int = Field(ge=1)
    source: str = Field(min_length=1)
    first_day_counts: bool
    soon_days: int = Field(ge=0, le=366)
    first_screening: int = Field(ge=1, le=366)
    first_service: int = Field(ge=1, le=366)

    @property
    def days_after(self) -> dict[str, int]:
        """How many days after the first one a screening and a service are due, and soon."""
        first = 1 if self.first_day_counts else 0
        due = {"screening": self.first_screening - first, "service": self.first_service - first}
        return {**due, "soon_days": self.soon_days}


definitions = data_file(Definitions, __name__, "figures")
clocks = data_file(Clocks, __name__, "clocks", by_site=True)
"""The clocks in force, everywhere or at a site."""
