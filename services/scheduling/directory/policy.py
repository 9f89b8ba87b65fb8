"""How ways between sites are estimated, and when it is told that credentials of staff expire."""

from pydantic import Field

from shared.datafiles import DataFile, data_file


class TravelPolicy(DataFile):
    """How roads between sites are assumed to be: so many kilometers of road for one of the straight
    line, at so many kilometers an hour, and minutes that every way takes beside."""

    detour: float = Field(ge=1)
    kilometers_an_hour: float = Field(gt=0)
    minutes_beside: int = Field(ge=0)


travel_policy = data_file(TravelPolicy, __name__, "travel")
"""The estimate in force."""


class CredentialPolicy(DataFile):
    """How many days before its last day it is told that a credential expires."""

    expiring_lead_days: int = Field(ge=0, le=366)


credential_policy = data_file(CredentialPolicy, __name__, "credentials", by_site=True)
"""The policy in force, everywhere or at a home site."""
