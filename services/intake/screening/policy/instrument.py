"""A definition that was found sound: every rule points somewhere and can apply."""

from typing import Self

from pydantic import ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.intake.screening.policy.definition import Definition
from services.intake.screening.policy.soundness import flaws


class Instrument(Definition):
    """One version of an instrument and how it is scored."""

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        found = [
            InitErrorDetails(
                type=PydanticCustomError("unsound", "{reason}", {"reason": flaw.reason}),
                loc=flaw.at,
                input=None,
            )
            for flaw in flaws(self)
        ]
        if found:
            raise ValidationError.from_exception_data(self.id, found)
        return self

    def __hash__(self) -> int:
        """By name, as hashing every part would take longer than scoring."""
        return hash((self.id, self.version))
