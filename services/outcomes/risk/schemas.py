"""What requests and answers about risks and reports of use look like."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from services.outcomes.episodes.schemas import OfStay
from services.outcomes.risk.rules import State
from shared.contracts.intake import RiskSeverity, Token
from shared.web import Instant, Shown, Strict

UseSource = Literal["client", "test", "other"]
UseFinding = Literal["use", "no_use", "test_missed"]


class NewSubstanceUseReport(Strict):
    """What became known of use of a substance. Prescribed medication is none."""

    source: UseSource = Field(description="Who or what told it.", examples=["client"])
    used_on: date = Field(
        description="Of use the day of it, else the day that it is about; at the site.",
        examples=["2026-02-22"],
    )
    finding: UseFinding = Field(examples=["use"])

    @field_validator("finding")
    @classmethod
    def a_test_is_missed_by_tests_only(cls, finding: str, given: ValidationInfo) -> str:
        if finding == "test_missed" and given.data.get("source") in ("client", "other"):
            raise ValueError("A missed test has the source `test`.")
        return finding


class SubstanceUseReport(OfStay):
    """A report as it was given."""

    id: UUID
    source: UseSource
    finding: UseFinding
    used_on: date
    reported_by: str
    reported_at: Instant


class Acknowledgement(Strict):
    """A clinician takes charge of a risk."""

    action: Token = Field(
        description="What was done: one of the actions that the risk lists.",
        examples=["plan_changed"],
    )


class Closing(Strict):
    """A clinician says that a risk is over."""

    resolution: Token = Field(
        description="How: one of the resolutions that the risk lists.",
        examples=["cared_for_in_plan"],
    )


class Risk(Shown):
    """A risk of one client."""

    id: UUID = Field(description="Of a risk flag of intake the flag's.")
    client_id: UUID
    site_id: UUID
    origin: Literal["intake", "outcomes"] = Field(
        description="A risk flag of intake is acknowledged there, and resolved here."
    )
    kind: str = Field(examples=["return_to_use"])
    severity: RiskSeverity
    cause: str = Field(
        description="What it came from; of a flag of intake the instrument or form.",
        examples=["substance_use_report"],
    )
    cause_ids: list[UUID] = Field(description="The reports, or the flag and the missed sessions.")
    state: State
    raised_at: Instant
    acknowledge_by: Instant
    age_minutes: int = Field(description="Since it was raised, until it was resolved.")
    overdue: bool = Field(description="Raised, and the instant to acknowledge it has come.")
    step: int = Field(description="Steps of escalation so far, of risks of this service.")
    action: str | None
    acknowledged_by: str | None = Field(description="Of flags of intake null: it is known there.")
    acknowledged_at: Instant | None
    resolution: str | None
    resolved_by: str | None
    resolved_at: Instant | None
    version: int = Field(description="The ETag.", examples=[1])


class Choice(Shown):
    """A word that can be named, and what it means."""

    word: str
    name: str


class RiskInFull(Risk):
    """A risk with what can be named as done, and as how it ended."""

    actions: list[Choice] = Field(description="Empty for flags of intake: it lists its own.")
    resolutions: list[Choice]


class SiteRisks(Shown):
    """The risks of one site in figures."""

    site_id: UUID
    open_high: int = Field(description="Raised and not acknowledged, high.")
    open_moderate: int
    overdue: int = Field(description="Of those, past their time.")
    unresolved: int = Field(description="Not resolved yet, the open ones among them.")
    oldest_open_at: Instant | None
    acknowledged: int | None = Field(
        description="Raised in the days asked for and acknowledged by now; null below 11 for "
        "callers who are none of the clinic, and with it what follows."
    )
    median_minutes: float | None = Field(description="From raising to acknowledgement.")
    p90_minutes: float | None
    in_time_percent: float | None = Field(
        description="Of those acknowledged; what nobody has acknowledged is in `overdue`."
    )


class RiskFigures(Shown):
    """The risks of the caller's sites in figures; sites without any are not listed."""

    first_day: date
    last_day: date
    sites: list[SiteRisks]
