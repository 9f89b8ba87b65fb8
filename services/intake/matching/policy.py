"""How likely duplicates are found: weights, thresholds and words, as data with a version."""

from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.datafiles import Part, data_file

Share = Annotated[float, Field(ge=0, le=1)]
Word = Annotated[str, Field(pattern=r"^[a-z]{1,30}$")]
PARTS_OF_A_SUM = 1e-9
"""How far shares of one may be off by rounding."""


class Weights(Part):
    """How much each part of a person counts, as shares of one."""

    family_name: Share
    given_name: Share
    birth_date: Share

    @model_validator(mode="after")
    def shares_of_one(self) -> Self:
        if abs(self.family_name + self.given_name + self.birth_date - 1) > PARTS_OF_A_SUM:
            raise ValueError("the weights are shares of one")
        return self


class BirthDateLikeness(Part):
    """What two birth dates count."""

    same: Share
    day_and_month_swapped: Share
    one_part_differs: Share


class Matching(Part):
    """One version of the matching data."""

    version: int = Field(ge=1)
    source: str = Field(min_length=1)
    weights: Weights
    phone_gain: Share
    least_name_likeness: Share
    shared_part_likeness: Share
    nickname_likeness: Share
    swapped_names_factor: Share
    one_name_factor: Share
    birth_date_likeness: BirthDateLikeness
    threshold: Share
    most_shown: int = Field(ge=1, le=100)
    most_of_a_key: int = Field(ge=10, le=5_000)
    letters: dict[Annotated[str, Field(min_length=1, max_length=1)], Word]
    particles: frozenset[Word]
    prefixes: frozenset[Word]
    suffixes: frozenset[Word]
    nicknames: list[Annotated[list[Word], Field(min_length=2)]]

    @model_validator(mode="after")
    def each_nickname_once(self) -> Self:
        words = [word for group in self.nicknames for word in group]
        for word in words:
            if words.count(word) > 1:
                raise ValueError(f"nicknames: {word} is in two groups")
        return self

    def __hash__(self) -> int:
        """By its version, so that what is made of a name by these data can be remembered."""
        return self.version

    @cached_property
    def name_of(self) -> dict[str, str]:
        """Form of a given name → the first of its group."""
        return {word: group[0] for group in self.nicknames for word in group}

    @cached_property
    def translation(self) -> dict[int, str]:
        """For `str.translate`."""
        return str.maketrans(self.letters)


matching = data_file(Matching, __name__, "matching")
"""The data in force."""
