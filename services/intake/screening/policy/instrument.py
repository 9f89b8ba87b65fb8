"""A definition that was found sound: every rule points somewhere and can apply."""

from typing import Self

from pydantic import model_validator

from services.intake.screening.policy.definition import Definition
from services.intake.screening.policy.soundness import flaws
from shared.datafiles import refuse


class Instrument(Definition):
    """One version of an instrument and how it is scored."""

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        refuse(self.id, ((flaw.at, flaw.reason) for flaw in flaws(self)))
        return self

    def __hash__(self) -> int:
        """By name, as hashing every part would take longer than scoring."""
        return hash((self.id, self.version))
