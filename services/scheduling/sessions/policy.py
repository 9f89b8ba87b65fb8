"""How far ahead plans have sessions, and until when one can be said not to have been held."""

from pydantic import Field

from shared.datafiles import DataFile, data_file


class CancellationPolicy(DataFile):
    """How long after its day a session can be cancelled; `days_afterwards` are of the site."""

    days_afterwards: int = Field(ge=0, le=366)


cancellation_policy = data_file(CancellationPolicy, __name__, "cancellations", by_site=True)
"""The policy in force, everywhere or at a site."""


class MaterializingPolicy(DataFile):
    """How many weeks ahead a plan without an end has its sessions, at least."""

    weeks_ahead: int = Field(ge=1, le=52)


materializing_policy = data_file(MaterializingPolicy, __name__, "materializing", by_site=True)
"""The policy in force, everywhere or at a site."""
