"""What requests and answers about clients who must not meet look like."""

from uuid import UUID

from shared.web import Instant, Shown, Strict, described


class NewNoContact(Strict):
    """Two clients who must not be in one group, in whatever order."""

    site_id: UUID = described("Where it was learned; it holds at every site.")
    client_id: UUID
    other_client_id: UUID


class NoContact(Shown):
    """Two clients who must not be in one group."""

    id: UUID
    site_id: UUID
    client_ids: list[UUID] = described("The two clients.")
    entered_at: Instant
    together_in: list[UUID] = described("Cohorts in which both have a seat now: move one of them.")
    version: int = described("The ETag.", 1)
