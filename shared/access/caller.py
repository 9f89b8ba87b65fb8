"""Who calls, as the token says."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from shared.access.roles import Role
from shared.database.transaction import ALL_SITES, Sites


@dataclass(frozen=True, slots=True)
class Caller:
    """The bearer of a verified access token, or a client who holds a link and has no token."""

    subject: str
    role: Role | Literal["client"]
    """`client` is no role of staff: no token carries it and no route allows it."""
    sites: Sites
    topics: frozenset[str] = frozenset()
    """The streams whose events a subscriber may read; empty for all others."""
    expires_at: float | None = field(default=None, compare=False)
    """When the token is taken no longer, in seconds since 1970 by the machine's clock; None for a
    caller without a token."""

    def may_see(self, site_id: UUID) -> bool:
        """Whether rows of the site exist for this caller."""
        return self.sites == ALL_SITES or site_id in self.sites
