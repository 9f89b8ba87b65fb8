"""Which words end and begin messages, what is answered, and how long replies are kept: data with a
version, checked when they are read."""

import re
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from services.notifications.opt_outs.rules import LearnedFrom, Meaning, meaning, plain
from shared.contracts.intake import Token
from shared.datafiles import Part, data_file

Words = Annotated[frozenset[str], Field(min_length=1)]


def _pattern(told: str) -> re.Pattern[str]:
    try:
        return re.compile(told)
    except re.error:
        raise ValueError(f"{told} is no pattern") from None


Phrase = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Answer = Annotated[str, Field(min_length=1, max_length=160)]


class Spoken(Part):
    """What is written in one language, and what is answered in it."""

    stop: Words
    start: Words
    help: Words
    polite: frozenset[str]
    stop_phrases: tuple[Phrase, ...]
    urgent_phrases: tuple[Phrase, ...]
    stopped: Answer
    started: Answer
    helped: Answer
    unread: Answer
    urgent: Answer

    @model_validator(mode="after")
    def can_be_found(self) -> Self:
        for word in self.stop | self.start | self.help | self.polite:
            if plain(word) != word:
                raise ValueError(f"{word} is never found: write it as {plain(word)}")
        if both := sorted(self.stop & (self.start | self.help)):
            raise ValueError(f"{', '.join(both)} ends messages and asks for them")
        return self


class Urgent(Part):
    """How staff are told of a reply that may be urgent, until somebody takes charge."""

    next_person_minutes: int = Field(15, ge=5, le=24 * 60)
    rounds: int = Field(4, ge=1, le=20)


class ReplyWords(Part):
    """The words in force. A reply is understood in all languages, whatever the client speaks."""

    id: Token
    version: Token
    source: str
    kept_days: int = Field(ge=1, le=3_650)
    longest: int = Field(ge=160)
    offered: Words
    """Words that messages may name, as they mean to everybody what they mean to us."""
    never_asked_for: Words
    urgent: Urgent = Urgent()
    languages: dict[str, Spoken] = Field(min_length=1)

    @model_validator(mode="after")
    def ask_for_no_word_that_ends_messages(self) -> Self:
        """An appointment reply may not be a word by which carriers or we end messages."""
        ending = {word for spoken in self.languages.values() for word in spoken.stop}
        if missing := sorted(ending - self.offered - self.never_asked_for):
            raise ValueError(f"never_asked_for lacks {', '.join(missing)}")
        return self

    def asked_for(self, text: str, *, offering: bool = True) -> list[str]:
        """The words that a message asks for as an answer and must not: by them carriers or we end
        messages or begin them. `offering`: it goes where such words as STOP are heard."""
        never = self.never_asked_for if offering else self.never_asked_for | self.offered
        return [word for word in ASKED.findall(plain(text)) if word in never]

    def understood(self, text: str) -> tuple[Meaning, LearnedFrom, str]:
        """What a reply means, how that is known, and the language that it is answered in."""
        best: tuple[Meaning, LearnedFrom, str] | None = None
        for language, spoken in self.languages.items():
            what, how = meaning(
                text,
                stop=spoken.stop,
                start=spoken.start,
                help_words=spoken.help,
                polite=spoken.polite,
                stop_phrases=spoken.stop_phrases,
                urgent_phrases=spoken.urgent_phrases,
            )
            found = (what, how, language)
            if how == "word":
                return found
            if best is None or RANK[what] > RANK[best[0]]:
                best = found
        if best is None:
            raise ValueError("there is no language")
        return best


ASKED = re.compile(
    r"\b(?:reply|answer|text|send|responda|responde|conteste|envie) (?:with |con )?(\w+)"
)
RANK: dict[Meaning, int] = {"other": 0, "help": 1, "start": 2, "stop": 3, "urgent": 4}
"""What is likely to be urgent in one language counts before all else."""

reply_words = data_file(ReplyWords, __name__, "replies")
"""The words in force."""
