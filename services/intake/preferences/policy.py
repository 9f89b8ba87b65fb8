"""The words in which preferences are stated: data with a version and a source, read at start."""

from pydantic import Field

from shared.contracts.intake import Token
from shared.datafiles import Part, data_file


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


vocabulary = data_file(PreferencesVocabulary, __name__, "vocabulary")
"""The words in force."""
