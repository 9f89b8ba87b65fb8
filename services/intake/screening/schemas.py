"""What requests and answers about screenings look like."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictInt, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from shared.contracts.intake import RiskKind, RiskSeverity
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

    instrument: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$",
        description="One that `GET /instruments` lists.",
        examples=["phq-9"],
    )
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
        min_length=1, max_length=20, description="One entry an instrument."
    )


class SubscaleResult(Shown):
    """A part of an instrument that is scored on its own."""

    key: str = Field(examples=["use"])
    total: int | None = Field(description="Null when answers are missing.", examples=[2])
    flagged: bool | None = Field(
        description="Asks for a look at its items; no cut. Null without a total or a bound.",
        examples=[True],
    )


class ResultAlert(Shown):
    """Something that a clinician has to see at once."""

    kind: RiskKind
    severity: RiskSeverity


class InstrumentResult(Shown):
    """What one instrument says. Fields of parts that it does not have are null or empty."""

    instrument: str = Field(examples=["phq-9"])
    instrument_version: str = Field(examples=["1.0"])
    scoring_version: str = Field(examples=["2"])
    status: Literal["complete", "prorated", "incomplete"] = Field(
        description="`prorated`: the total stands for missing answers too; show it so.",
        examples=["complete"],
    )
    total: int | None = Field(description="Null without one, as of BAM.", examples=[7])
    band: str | None = Field(description="Symptom band, not a diagnosis.", examples=["mild"])
    level: str | None = Field(
        None,
        description="Level of risk of the C-SSRS screener; `undetermined` is to be treated as "
        "`high` until the rest is asked.",
        examples=[None],
    )
    positive: bool | None = Field(description="Positive screen; null = open.", examples=[False])
    answered: int = Field(description="Items answered.", examples=[9])
    expected: int | None = Field(
        None,
        description="Items that were to be asked; null in results of scoring version 1.",
        examples=[9],
    )
    raw: int | None = Field(
        description="Sum of the answers given; null where there is no total.", examples=[7]
    )
    scaled: int | None = Field(
        None,
        description="The total on the scale that the definition names; raw ones of different "
        "instruments never share an axis.",
        examples=[None],
    )
    subscores: list[SubscaleResult] = Field(default=[])
    safety_item: Literal["negative", "positive", "unknown"] | None = Field(
        description="PHQ-9 item 9: `positive` needs a suicide assessment in this contact; "
        "`unknown` must be asked.",
        examples=["negative"],
    )
    syndrome: str | None = Field(
        description="Diagnostic algorithm beside the sum: `major`, `other`, `none` of PHQ-9; "
        "`met`, `not_met` of PCL-5.",
        examples=["none"],
    )
    notes: list[str] = Field(
        description="Words of the definition's `notes`, and `symptoms_missing` when the algorithm "
        "took a missing answer as no symptom.",
        examples=[[]],
    )
    alerts: list[ResultAlert] = Field(
        default=[], description="Each raised a risk flag, of an incomplete form too."
    )


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
