"""What requests and answers about clients who must not meet look like."""

from uuid import UUID

from pydantic import Field

from shared.web import Instant, Shown, Strict


class NewNoContact(Strict):
    """Two clients who must not be in one group, in whatever order."""

    site_id: UUID = Field(description="Where it was learned; it holds at every site.")
    client_id: UUID
    other_client_id: UUID


class NoContact(Shown):
    """Two clients who must not be in one group."""

    id: UUID
    site_id: UUID
    client_ids: list[UUID] = Field(description="The two clients.")
    entered_at: Instant
    together_in: list[UUID] = Field(
        description="Cohorts in which both have a seat now: move one of them."
    )
    version: int = Field(description="The ETag.", examples=[1])
