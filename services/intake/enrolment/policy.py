"""Why a stay ends or pauses: data with a version and a source, read once at start."""

from typing import Self

from pydantic import Field, model_validator

from services.intake.enrolment.rules import ENDED, State
from shared.contracts.intake import AgeBand, Token
from shared.datafiles import Part, data_file


class DischargeReason(Part):
    """A reason, the state it ends a stay in, and its code in the public-use file of TEDS-D."""

    reason: Token = Field(examples=["goals_met"])
    ends_as: State = Field(examples=["completed"])
    teds: int = Field(ge=1, le=7, description="REASON in the TEDS-D public-use file.", examples=[1])


class DischargeReasons(Part):
    """Everything that a stay can end or pause for."""

    id: str = Field(examples=["discharge-reasons"])
    version: str = Field(examples=["1"])
    source: str
    reasons: tuple[DischargeReason, ...]
    step_down: Token
    """The reason of a stay that ends by an accepted step-down."""
    step_up: Token | None = None
    """The reason of a stay that ends as the client took a seat at a higher level; None: the first
    that ends a stay as stepped up."""
    holds: tuple[Token, ...] = Field(min_length=1, examples=[["medical_leave"]])

    @model_validator(mode="after")
    def every_end_has_a_reason(self) -> Self:
        names = [one.reason for one in self.reasons]
        if len(set(names)) < len(names):
            raise ValueError("A reason is there twice.")
        ends = {one.ends_as for one in self.reasons}
        if ends != ENDED:
            raise ValueError(f"A stay ends as {', '.join(sorted(ENDED))}: each needs a reason.")
        for name, ends_as in ((self.step_down, "stepped_down"), (self.step_up, "stepped_up")):
            reason = name and self.of(name)
            if name is not None and (not reason or reason.ends_as != ends_as):
                raise ValueError(f"The reason {name} does not end a stay as {ends_as}.")
        return self

    @property
    def stepped_up(self) -> DischargeReason:
        """The reason of a stay that ends as the client took a seat at a higher level."""
        return next(
            one
            for one in self.reasons
            if one.ends_as == "stepped_up" and self.step_up in (None, one.reason)
        )

    def of(self, reason: str) -> DischargeReason | None:
        """The reason of that name."""
        return next((one for one in self.reasons if one.reason == reason), None)


discharge_reasons = data_file(DischargeReasons, __name__, "discharge-reasons")
"""The reasons in force."""


class BandFrom(Part):
    """A band of ages, which ends where the next one begins."""

    band: AgeBand = Field(examples=["adult"])
    from_years: int = Field(ge=0, description="Whole years of life.", examples=[26])


class AgeBands(Part):
    """The bands of ages that groups are made for."""

    id: str = Field(examples=["age-bands"])
    version: str = Field(examples=["1"])
    source: str
    bands: tuple[BandFrom, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def bands_follow_one_another(self) -> Self:
        begins = [one.from_years for one in self.bands]
        if begins != sorted(set(begins)):
            raise ValueError("Let each band begin at a higher age than the one before it.")
        return self

    def of(self, years: int) -> AgeBand | None:
        """The band of whoever has completed so many years; None below the first."""
        reached = [one.band for one in self.bands if one.from_years <= years]
        return reached[-1] if reached else None


age_bands = data_file(AgeBands, __name__, "age-bands", by_site=True)
"""The bands in force, everywhere or at a site."""
