"""What requests and answers about screenings look like."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictInt, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from shared.contracts.intake import Instrument
from shared.web import Instant, Shown, Strict

Occasion = Literal["intake", "follow_up"]
Mode = Literal["self", "interviewer", "phone"]


def one_answer(value: Any, known: ValidatorFunctionWrapHandler) -> Any:
    """Refuse with one reason, and not with one for each kind of answer that it is not."""
    try:
        return known(value)
    except ValidationError:
        raise ValueError("Send a number from 0 to 100, null or `not_asked`.") from None


GivenAnswer = Annotated[
    Annotated[StrictInt, Field(ge=0, le=100)] | Literal["not_asked"] | None,
    WrapValidator(one_answer),
]


class InstrumentResponse(Strict):
    """All answers to one instrument, in the order of its items."""

    instrument: Instrument = Field(description="The instrument.", examples=["phq-9"])
    version: str = Field(max_length=20, description="Its version.", examples=["1.0"])
    language: str = Field(
        "en",
        max_length=35,
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="BCP 47; 35 characters hold every tag in use (RFC 5646, 4.4.1).",
        examples=["en"],
    )
    mode: Mode = Field("self", description="Who asked.", examples=["interviewer"])
    answered_at: Instant | None = Field(
        None, description="When the client answered; now when absent."
    )
    answers: list[GivenAnswer] = Field(
        min_length=1,
        max_length=50,
        description="Null = not answered; `not_asked` = skipped by the instrument's own rule.",
        examples=[[1, 1, 2, 1, 0, 1, 1, 0, 0]],
    )


class NewScreening(Strict):
    """One sitting."""

    occasion: Occasion = Field(description="Intake, or in the course.", examples=["intake"])
    responses: list[InstrumentResponse] = Field(
        min_length=1, max_length=10, description="One entry an instrument."
    )


class InstrumentResult(Shown):
    """What one instrument says."""

    instrument: str = Field(examples=["phq-9"])
    instrument_version: str = Field(examples=["1.0"])
    scoring_version: str = Field(examples=["1"])
    status: Literal["complete", "prorated", "incomplete"] = Field(examples=["complete"])
    total: int | None = Field(examples=[7])
    band: str | None = Field(description="Symptom band, not a diagnosis.", examples=["mild"])
    positive: bool | None = Field(description="Positive screen; null = open.", examples=[False])
    answered: int = Field(description="Items answered.", examples=[9])
    raw: int = Field(description="Sum of the answers given.", examples=[7])
    safety_item: Literal["negative", "positive", "unknown"] | None = Field(
        description="PHQ-9 item 9: `positive` needs a suicide assessment in this contact; "
        "`unknown` must be asked.",
        examples=["negative"],
    )
    syndrome: Literal["major", "other", "none"] | None = Field(
        description="PHQ-9's diagnostic algorithm, beside the sum.", examples=["none"]
    )
    notes: list[str] = Field(examples=[[]])


class GivenResponse(Shown):
    """All answers to one instrument as they were given."""

    instrument: str = Field(examples=["phq-9"])
    instrument_version: str = Field(examples=["1.0"])
    language: str = Field(examples=["en"])
    mode: Mode = Field(examples=["interviewer"])
    answered_at: Instant
    answers: list[GivenAnswer] = Field(examples=[[1, 1, 2, 1, 0, 1, 1, 0, 0]])


class Screening(Shown):
    """A screening with its results."""

    id: UUID
    client_id: UUID
    site_id: UUID
    occasion: Occasion
    completed_at: Instant
    results: list[InstrumentResult]


class ScreeningInFull(Screening):
    """A screening with its results and every answer."""

    entered_by: str = Field(description="Subject of the token that entered it.")
    responses: list[GivenResponse]
