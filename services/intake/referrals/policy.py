"""Who refers and why referrals end, as data with a version."""

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from shared.contracts.intake import ReferralReason, ReferralSource, Referrer
from shared.datafiles import Part, data_file

DetailsKind = Literal["facility", "court", "employer", "physician", "family"]
EndWithout = Literal["redirected", "declined", "lost"]
LegalStatus = Literal[
    "state_or_federal_court",
    "formal_adjudication",
    "probation_or_parole",
    "other_legal_entity",
    "diversion_program",
    "prison",
    "dui_dwi",
    "other",
]


class KindOfReferrer(Part):
    """What is known of a referrer by its kind."""

    group: ReferralSource
    teds: int = Field(ge=1, le=7)
    """PSOURCE of the TEDS public-use files."""
    details: DetailsKind | None = None
    """What may be told beside; None for nothing."""
    starts_at_discharge: bool = False
    """The clock starts at the planned discharge when that is later than the referral."""


class Catalog(Part):
    """One version of it."""

    version: int = Field(ge=1)
    source: str = Field(min_length=1)
    referrers: dict[Referrer, KindOfReferrer]
    legal_statuses: dict[LegalStatus, int]
    """DETCRIM of the TEDS public-use files, told with PSOURCE 7 only."""
    endings: dict[EndWithout, list[ReferralReason]]
    furthest_discharge_days: int = Field(ge=1)

    @model_validator(mode="after")
    def complete(self) -> Self:
        for words, found in (
            (get_args(Referrer), self.referrers),
            (get_args(LegalStatus), self.legal_statuses),
            (get_args(EndWithout), self.endings),
            (get_args(ReferralReason), {r for fit in self.endings.values() for r in fit}),
        ):
            if missing := [word for word in words if word not in found]:
                raise ValueError(f"{missing[0]} is missing")
        return self


catalog = data_file(Catalog, __name__, "referrals")
"""The catalog in force."""
