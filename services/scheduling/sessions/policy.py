"""Until when a session can still be said not to have been held: one file, with its version."""

from pydantic import Field

from shared.datafiles import Part, data_file


class CancellationPolicy(Part):
    """How long after its day a session can be cancelled; `days_afterwards` are of the site."""

    id: str
    version: str
    source: str
    days_afterwards: int = Field(ge=0, le=366)


cancellation_policy = data_file(CancellationPolicy, __name__, "cancellations", by_site=True)
"""The policy in force, everywhere or at a site."""
