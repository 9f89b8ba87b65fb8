"""The words in which consents are given: data with a version and a source, read at start."""

import re
from collections.abc import Iterable
from typing import Self

from pydantic import Field, model_validator

from shared.contracts.intake import Token
from shared.datafiles import Part, data_file

COUNSELING_NOTES = "counseling_notes"
LEGAL_PROCEEDINGS = "legal_proceedings"
END_OF_TREATMENT = "end_of_treatment"
FINAL_DISPOSITION = "final_disposition"


class Word(Part):
    """A word of information or purpose, and the narrower ones that it includes."""

    text: str
    covers: tuple[Token, ...] = ()
    described: bool = False
    """Means nothing without a description."""


class Vocabulary(Part):
    """All words with their texts."""

    version: str
    source: str
    information: dict[Token, Word] = Field(min_length=1)
    purposes: dict[Token, Word] = Field(min_length=1)
    recipients: dict[Token, str] = Field(min_length=1)
    disclosers: dict[Token, str] = Field(min_length=1)
    events: dict[Token, str] = Field(min_length=1)
    relations: dict[Token, str] = Field(min_length=1)
    contact_uses: dict[Token, str] = Field(min_length=1)
    revealing_words: tuple[str, ...]
    revealing_abbreviations: tuple[str, ...]

    @model_validator(mode="after")
    def keeps_apart_what_the_law_keeps_apart(self) -> Self:
        for words, apart in (
            (self.information, COUNSELING_NOTES),
            (self.purposes, LEGAL_PROCEEDINGS),
        ):
            if apart not in words:
                raise ValueError(f"The word {apart} is missing.")
            for word, meant in words.items():
                if apart in meant.covers:
                    raise ValueError(f"{word} includes {apart}, which needs a form of its own.")
                if unknown := set(meant.covers) - words.keys():
                    raise ValueError(f"{word} includes the unknown {min(unknown)}.")
        for event in (END_OF_TREATMENT, FINAL_DISPOSITION):
            if event not in self.events:
                raise ValueError(f"The event {event} is missing.")
        return self

    def informed(self, words: Iterable[str]) -> frozenset[str]:
        """Words of information with all that they include."""
        return _widened(words, self.information)

    def purposes_of(self, word: str) -> frozenset[str]:
        """A purpose with all that it includes."""
        return _widened([word], self.purposes)

    def is_revealing(self, sender: str) -> bool:
        """Whether a sender's name would tell that somebody is in treatment (42 CFR 2.11)."""
        shown = " ".join(re.findall(r"[^\W_]+", sender.casefold()))
        return any(word in shown for word in self.revealing_words) or not set(
            shown.split()
        ).isdisjoint(self.revealing_abbreviations)


def _widened(words: Iterable[str], known: dict[str, Word]) -> frozenset[str]:
    found = set(words)
    for word in tuple(found):
        if word in known:
            found.update(known[word].covers)
    return frozenset(found)


vocabulary = data_file(Vocabulary, __name__, "vocabulary")
"""The words in force."""
