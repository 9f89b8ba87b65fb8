"""What requests and answers of staff about questionnaires look like."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.intake.questionnaires.rules.life import State
from services.intake.screening.schemas import GivenAnswer, Mode, Occasion
from shared.web import Instant, Shown, Strict

InstrumentId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,19}$")]
Language = Annotated[str, Field(max_length=35, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""BCP 47; 35 characters hold every tag in use (RFC 5646, 4.4.1)."""


class AssignedInstrument(Strict):
    """An instrument that the client is to answer."""

    instrument: InstrumentId = Field(description="The instrument.", examples=["phq-9"])
    version: Version = Field(description="Its version.", examples=["1.0"])


class NewQuestionnaire(Strict):
    """What a client is to answer."""

    occasion: Occasion = Field(description="Intake, or in the course.", examples=["intake"])
    language: Language = Field("en", description="BCP 47.", examples=["en"])
    instruments: list[AssignedInstrument] = Field(
        min_length=1, max_length=10, description="In the order in which they are asked."
    )


class NewAnswers(Strict):
    """All answers to one instrument so far; they take the place of those saved before."""

    answers: list[GivenAnswer] = Field(
        min_length=1,
        max_length=50,
        description="In the order of the items. Null = not answered yet; an item that these "
        "answers leave out is null or `not_asked`.",
        examples=[[1, 1, 2, None, None, None, None, None, None]],
    )
    mode: Mode = Field(
        "interviewer", description="Who asked; of several savers the last.", examples=["phone"]
    )


class Part(Shown):
    """One instrument of a questionnaire, without answers."""

    instrument: str = Field(examples=["phq-9"])
    version: str = Field(examples=["1.0"])
    answered_at: Instant | None = Field(description="When it was last saved; null before.")


class Questionnaire(Shown):
    """A questionnaire and how far it is, without answers."""

    id: UUID
    client_id: UUID
    site_id: UUID
    occasion: Occasion
    language: str = Field(examples=["en"])
    state: State = Field(examples=["open"])
    assigned_by: str = Field(description="Subject of the token.", examples=["front-desk-2"])
    assigned_at: Instant
    expires_at: Instant
    ended_at: Instant | None
    screening_id: UUID | None = Field(description="The screening that completion made.")
    parts: list[Part]
    version: int = Field(examples=[1])


class SavedPart(Part):
    """One instrument of a questionnaire with what was answered so far."""

    answers: list[GivenAnswer] | None = Field(
        description="Null before the first save, and after completion: the screening has them.",
        examples=[[1, 1, 2, None, None, None, None, None, None]],
    )
    mode: Mode | None = Field(examples=["self"])
    entered_by: str | None = Field(
        description="Subject of the token that saved it, or `link:` and the questionnaire's id.",
        examples=["counselor-7"],
    )


class Answers(Shown):
    """What was answered so far."""

    questionnaire_id: UUID
    client_id: UUID
    site_id: UUID
    state: State = Field(examples=["open"])
    parts: list[SavedPart]
    version: int = Field(examples=[2])


class Link(Shown):
    """A one-time link, shown this once."""

    questionnaire_id: UUID
    client_id: UUID
    site_id: UUID
    address: str = Field(
        description="For the client only. What follows `#` is the secret: no server sees it.",
        examples=["/questionnaire#EXAMPLE-7wY0bLk3o2mC1r5s9tQvXzA8dEfGhIjKl"],
    )
    valid_until: Instant = Field(description="It has to be opened before.")
    version: int = Field(description="Version of the questionnaire.", examples=[2])
