"""Who calls, as the token says."""

from dataclasses import dataclass
from uuid import UUID

from shared.access.roles import Role
from shared.database.transaction import ALL_SITES, Sites


@dataclass(frozen=True, slots=True)
class Caller:
    """The bearer of a verified access token."""

    subject: str
    role: Role
    sites: Sites

    def may_see(self, site_id: UUID) -> bool:
        """Whether rows of the site exist for this caller."""
        return self.sites == ALL_SITES or site_id in self.sites
