"""The words in which preferences are stated: data with a version and a source, read at start."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.intake import Token
from shared.datafiles import read_all


class Part(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Transport(Part):
    """A way to come."""

    text: str
    needs_help: bool
    """The program has to arrange something."""


class PreferencesVocabulary(Part):
    """All words with their texts."""

    version: str
    source: str
    constraints: dict[Token, str] = Field(min_length=1)
    transport: dict[Token, Transport] = Field(min_length=1)
    accommodations: dict[Token, str] = Field(min_length=1)
    reports_to: dict[Token, str] = Field(min_length=1)


@cache
def vocabulary() -> PreferencesVocabulary:
    """The words in force. An organization's own `preferences.yaml` takes the place of ours."""
    return read_all(PreferencesVocabulary, __package__, "preferences")["preferences"]


vocabulary()  # read at once, so that data that cannot be read keep the service from starting
