"""What a level offers and what a rating asks for: one tuple, so that one can cover the other."""

from typing import Literal

from pydantic import Field

from shared.datafiles import Part

Medical = Literal["none", "managed", "inpatient"]
MEDICAL: tuple[Medical, ...] = ("none", "managed", "inpatient")
"""From the least to the most; each offers what those before it offer."""


class Capability(Part):
    """What is asked for; what is not named is not asked for."""

    hours: int = Field(0, ge=0, le=168, examples=[9])
    """Clinical hours a week, at least."""
    residential: bool = False
    medical: Medical = Field("none", examples=["none"])
    """Who is at hand: nobody, a physician who manages withdrawal and illness, a hospital."""
    withdrawal_management: bool = False
    """Withdrawal is watched over and treated within the program."""
    co_occurring_enhanced: bool = False
    """Full mental health care within the program."""
    biomedically_enhanced: bool = False
    """Full medical care within the program."""


NOTHING = Capability()
