"""The risks of the course of treatment: data with a version and a source."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.intake import RiskSeverity, Token
from shared.datafiles import Misplaced, Part, data_file
from shared.escalation import Ladder

Days = Annotated[int, Field(ge=1, le=90)]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class ReturnToUse(Part):
    """How severe reported use is."""

    high_from: int = Field(ge=1, le=20)
    within_days: Days


class MissedAfterHighRisk(Part):
    """How many missed sessions after a high risk are one of their own."""

    sessions: int = Field(ge=1, le=20)
    within_days: Days
    severity: RiskSeverity


class CourseRisks(Part):
    """One version of the policy."""

    id: Token
    version: Token
    source: str
    urgencies: dict[RiskSeverity, Ladder]
    return_to_use: ReturnToUse
    missed_after_high_risk: MissedAfterHighRisk
    actions: dict[Token, Words] = Field(min_length=1)
    resolutions: dict[Token, Words] = Field(min_length=1)

    @model_validator(mode="after")
    def decides_about_every_risk(self) -> Self:
        if missing := {"moderate", "high"} - set(self.urgencies):
            raise Misplaced(("urgencies",), f"{min(missing)} is missing")
        least, most = self.urgencies["moderate"], self.urgencies["high"]
        if most.acknowledge_within_minutes > least.acknowledge_within_minutes:
            raise Misplaced(("urgencies", "high"), "high may wait longer than moderate")
        return self


course_risks = data_file(CourseRisks, __name__, "course-risks", by_site=True)
"""The policy in force, everywhere or at a site."""
