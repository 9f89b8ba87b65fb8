"""What every event has in common: a type with a major version, a stream, and a key."""

from functools import cache
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

TYPE_PREFIX = "org.stepwell"
SCHEMA_BASE = "urn:stepwell:schema:"
"""How the names of schemas begin where no other base is configured; the same on every machine."""


class Event(BaseModel):
    """Something that happened, told in the past tense and never changed afterwards.

    Readers ignore fields they do not know, so that a newer minor version is accepted. A change that
    would break a reader needs a new major version, which is a new type.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    stream: ClassVar[str]
    """The stream it is published on; `topics` names the Kafka topic that carries the stream."""
    version: ClassVar[str] = "1.0"
    """`major.minor`; the major part is in the type, the minor part in the data schema."""

    @classmethod
    @cache
    def type_name(cls) -> str:
        """The CloudEvents type, such as `org.stepwell.intake.ClientEnrolled.v1`."""
        major = cls.version.split(".")[0]
        return f"{TYPE_PREFIX}.{cls.stream}.{cls.__name__}.v{major}"

    @classmethod
    @cache
    def schema_name(cls) -> str:
        """The CloudEvents data schema, a URI that carries the minor version."""
        return f"{SCHEMA_BASE}{cls.stream}.{cls.__name__}.v{cls.version}"

    @property
    def key(self) -> str:
        """The key that orders the event: the client it is about."""
        raise NotImplementedError


class ClientEvent(Event):
    """An event about one client at one site, both known by pseudonymous ids only."""

    client_id: UUID = Field(description="Pseudonymous id of the client; the key of the event.")
    site_id: UUID = Field(description="The site that treats the client.")

    @property
    def key(self) -> str:
        return str(self.client_id)


class PolicyReference(BaseModel):
    """The exact rule set a decision was made with."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(description="Name of the policy.", examples=["step-down-2.1-to-1.5"])
    version: str = Field(description="Version of the policy.", examples=["1"])


class Criterion(BaseModel):
    """One line of an explanation: what was asked for, what was found, and whether it was enough."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(examples=["attendance_rate"])
    met: bool
    observed: str = Field(description="What was found, in words.", examples=["0.89"])
    required: str = Field(description="What the policy asks for, in words.", examples=[">= 0.80"])
    source: str = Field(description="Where the criterion comes from.")

    @classmethod
    def of(cls, name: str, met: bool, observed: str, required: str, source: str) -> "Criterion":
        """A line with these, in the order in which people read them."""
        return cls(name=name, met=met, observed=observed, required=required, source=source)
