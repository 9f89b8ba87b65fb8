"""Who gets a digest, when, and what it says: data with a version, checked when they are read."""

from datetime import time
from typing import Annotated, Self
from uuid import UUID

from jinja2 import meta
from pydantic import Field, model_validator

from services.notifications.escalations.schemas import Address
from services.notifications.texts.policy import environment, fill, words
from services.notifications.texts.rules import Text, revealing
from services.notifications.timing.rules import zone_of
from shared.contracts.intake import Token
from shared.datafiles import Part, data_file

COUNTS = (
    *("sites", "delivered", "failed", "suppressed", "waiting", "tasks", "unanswered"),
    "credentials",
)
"""All that a digest may tell."""


class Recipient(Part):
    """Who gets the digest of a region, or of all regions, on the clock of a zone."""

    address: Address
    region_id: UUID | None = None
    time_zone: str

    @model_validator(mode="after")
    def gets_mail(self) -> Self:
        if "@" not in self.address:
            raise ValueError("address: a digest goes by mail alone")
        return self

    @model_validator(mode="after")
    def has_a_zone(self) -> Self:
        if zone_of(self.time_zone, "UTC").key != self.time_zone:
            raise ValueError(f"time_zone: {self.time_zone} is no IANA zone")
        return self


class DigestPolicy(Part):
    """When digests go out and what they say. Nothing but counts can be filled in."""

    id: Token
    version: Token
    source: str
    at: time
    useful_hours: Annotated[int, Field(ge=1, le=23)]
    """After an outage a digest that is older than this is not sent any more."""
    again_minutes: Annotated[int, Field(ge=1, le=60)]
    subject: str
    body: str
    recipients: tuple[Recipient, ...]

    @model_validator(mode="after")
    def tells_counts_only(self) -> Self:
        if unknown := meta.find_undeclared_variables(environment.parse(self.body)) - set(COUNTS):
            raise ValueError(f"body: {', '.join(sorted(unknown))} is no count")
        if found := revealing(f"{self.subject}\n{self.body}", words().never):
            raise ValueError(f"the text says {', '.join(found)}")
        people = [(one.address, one.region_id) for one in self.recipients]
        if len(set(people)) < len(people):
            raise ValueError("recipients: somebody is there twice for one region")
        return self

    def written(self, counts: dict[str, int]) -> Text:
        """The digest."""
        return Text(self.subject, fill(self.body, {name: str(n) for name, n in counts.items()}))


digest_policy = data_file(DigestPolicy, __name__, "digest")
"""The policy in force."""
