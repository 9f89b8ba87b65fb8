"""What a request about a primary therapist looks like."""

from uuid import UUID

from shared.web import Strict, described


class NewTherapist(Strict):
    """Who is answerable from now on."""

    therapist_id: UUID | None = described("A person of the site's staff; null: nobody.")
