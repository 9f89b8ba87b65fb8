"""What a request about a primary therapist looks like."""

from uuid import UUID

from pydantic import Field

from shared.web import Strict


class NewTherapist(Strict):
    """Who is answerable from now on."""

    therapist_id: UUID | None = Field(description="A person of the site's staff; null: nobody.")
