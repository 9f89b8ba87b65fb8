"""When it is told that credentials of the staff expire: one file, with its version."""

from pydantic import Field

from shared.datafiles import DataFile, data_file


class CredentialPolicy(DataFile):
    """How many days before its last day it is told that a credential expires."""

    expiring_lead_days: int = Field(ge=0, le=366)


credential_policy = data_file(CredentialPolicy, __name__, "credentials", by_site=True)
"""The policy in force, everywhere or at a home site."""
