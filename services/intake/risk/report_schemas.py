"""What requests and answers about reports of risks look like."""

from datetime import date
from uuid import UUID

from pydantic import Field

from services.intake.risk.rules.reports import Harm, Known, Withdrawal
from shared.web import Instant, Shown, Strict


class NewRiskReport(Strict):
    """What somebody learned about a client. What is left out is unknown, and never taken as no."""

    pregnant: Known = Field("unknown", description="Pregnant now.", examples=["no"])
    overdose_in_last_30_days: Known = Field(
        "unknown", description="Of any drug or alcohol, meant or not.", examples=["unknown"]
    )
    last_overdose_on: date | None = Field(
        None,
        description="Day of the last overdose if known; it decides on the 30 days by the site's "
        "calendar.",
        examples=[None],
    )
    withdrawal: Withdrawal = Field(
        "unknown", description="Signs of withdrawal, or a risk of it.", examples=["possible"]
    )
    harm_to_others: Harm = Field(
        "unknown", description="Danger to somebody else.", examples=["none"]
    )
    injects_drugs: Known = Field("unknown", description="Injects drugs.", examples=["no"])
    cares_for_minors: Known = Field(
        "unknown", description="Is the parent of minor children in their care.", examples=["yes"]
    )


class RiskReportReceived(Shown):
    """The report is kept. What it says is shown to clinicians only."""

    id: UUID
    client_id: UUID
    site_id: UUID
    needs_clinician_now: bool = Field(
        description="It raised a risk flag: fetch a clinician before the client leaves.",
        examples=[True],
    )
    reported_at: Instant


class RiskReport(Shown):
    """A report as it was given."""

    id: UUID
    client_id: UUID
    site_id: UUID
    pregnant: Known = Field(examples=["no"])
    overdose: Known = Field(
        description="Within the 30 days before the report.", examples=["unknown"]
    )
    last_overdose_on: date | None
    withdrawal: Withdrawal = Field(examples=["possible"])
    harm_to_others: Harm = Field(examples=["none"])
    injects_drugs: Known = Field(examples=["no"])
    cares_for_minors: Known = Field(examples=["yes"])
    reported_at: Instant
    reported_by: str = Field(description="Subject of the token.", examples=["front_desk-2"])
