"""How free seats go to those who wait: one file, with its version."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.intake import Token
from shared.datafiles import DataFile, Part, data_file

Finding = Literal["risk_high", "risk_moderate", "level_above"]
"""A risk flag of that severity; a signed level of care that is below the recommended one."""


class OfferPolicy(Part):
    """For how many hours seats are held, where the site is closed then until minutes after it opens
    next; and when who let one pass is asked again."""

    hours: int = Field(ge=1, le=144)
    minutes_after_opening: int = Field(ge=0, le=720)
    again_after_days: int = Field(ge=1, le=90)


class UrgencyPolicy(Part):
    """What makes a seat urgent, the most urgent first."""

    source: str
    order: tuple[Finding, ...]
    within_days: int = Field(ge=1)
    levels_above: tuple[str, ...]


class WaitingPolicy(DataFile):
    """Everything that decides how those who wait get seats."""

    seats: Literal["at_once", "offered", "by_hand"]
    offer: OfferPolicy
    urgency: UrgencyPolicy
    jump_reasons: Annotated[tuple[Token, ...], Field(min_length=1)]
    decline_reasons: tuple[Token, ...]
    page_address: str = Field(pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]+)?)?/[A-Za-z0-9/_-]*$")


waiting_policy = data_file(WaitingPolicy, __name__, "waiting", by_site=True)
"""The policy in force, everywhere or at a site."""
