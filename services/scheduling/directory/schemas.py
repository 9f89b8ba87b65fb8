"""What requests and answers about sites look like."""

from uuid import UUID

from pydantic import Field, field_validator

from services.scheduling.directory.rules import is_zone
from shared.web import Instant, Shown, Strict

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""Pattern of names and topics: no control characters."""
ZONE = Field(description="IANA zone of the site.", examples=["America/Denver"])


class NewSite(Strict):
    """A site to open."""

    name: str = Field(
        min_length=1,
        max_length=120,
        pattern=PRINTABLE,
        description="Unique name.",
        examples=["Cedar Ridge"],
    )
    time_zone: str = ZONE

    @field_validator("time_zone")
    @classmethod
    def zone_exists(cls, value: str) -> str:
        if not is_zone(value):
            raise ValueError("Not a zone of the IANA time zone database.")
        return value


class Site(Shown):
    """A site that treats clients."""

    id: UUID
    name: str = Field(examples=["Cedar Ridge"])
    time_zone: str = ZONE
    opened_at: Instant
    version: int = Field(description="The ETag.", examples=[1])
