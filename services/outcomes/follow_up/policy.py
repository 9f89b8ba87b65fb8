"""The survey after a stay: its days, its questions, and how long it can be answered."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.contracts.intake import Token
from shared.contracts.scheduling import EndedAs
from shared.datafiles import DataFile, Part, data_file


class Texts(Part):
    """A text in the languages of the page."""

    en: str = Field(min_length=1)
    es: str = Field(min_length=1)


class Question(Part):
    """A question with one answer of a list."""

    id: Token
    text: Texts
    answers: Mapping[Token, Texts] = Field(min_length=2)


class Survey(DataFile):
    """One version of the survey."""

    page_address: str = Field(min_length=1)
    """Where a link leads; the secret follows after `#`."""
    days: tuple[Literal[30, 90, 180, 365], ...] = Field(min_length=1)
    """After how many days of the site's calendar a survey is due."""
    open_days: int = Field(ge=1, le=366)
    """How many days it can be answered; after that whoever did not is lost to follow-up."""
    without: tuple[EndedAs, ...]
    """Ends after which nobody is asked."""
    questions: tuple[Question, ...] = Field(min_length=1)

    @property
    def by_id(self) -> Mapping[str, Question]:
        """The questions by their ids."""
        return {question.id: question for question in self.questions}

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        if sorted(set(self.days)) != list(self.days):
            raise ValueError("days must go up.")
        if len(self.by_id) != len(self.questions):
            raise ValueError("A question is there twice.")
        return self


survey = data_file(Survey, __name__, "survey", by_site=True)
"""The survey in force."""
