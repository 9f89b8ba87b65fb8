"""Which level is looked for, and for how long a partner's seat is held."""

from pydantic import Field

from shared.contracts.intake import Token
from shared.datafiles import DataFile, data_file


class StepUpPolicy(DataFile):
    """The policy of an organization or a site."""

    level: Token | None
    hold_hours: int = Field(ge=1, le=336)


step_up_policy = data_file(StepUpPolicy, __name__, "step-up", by_site=True)
"""The policy in force, everywhere or at a site."""
