"""What each kind of message says, and what it needs of a consent: data with versions, checked when
they are read."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from services.notifications.consents.rules import Purpose
from services.notifications.delivery.vocabulary import Kind
from services.notifications.opt_outs.policy import reply_words
from shared.contracts.intake import Token
from shared.datafiles import Part, data_file

LONGEST_WHEN = "Wed 12:30 PM UTC+1245"


class Text(Part):
    """One message. `{when}` in the body is the only thing that is filled in."""

    subject: str
    body: str
    language: Literal["en", "es"] = "en"


class Texts(Part):
    """The texts in force, and the words that no message, subject or sender may contain."""

    version: str
    source: str
    longest_body: int
    texts: dict[Kind, Text]
    never: list[str]
    found_within_words_from: int
    """Forbidden words of so many letters are found inside other words of a subject or sender."""

    @model_validator(mode="after")
    def are_complete_and_neutral(self) -> "Texts":
        if missing := sorted(set(get_args(Kind)) - set(self.texts)):
            raise ValueError(f"there is no text for {', '.join(missing)}")
        for kind, text in self.texts.items():
            if words := self.revealing_header(text.subject) or revealing(text.body, self.never):
                raise ValueError(f"the text of {kind} says {', '.join(words)}")
            if asked := reply_words().asked_for(text.body):
                raise ValueError(
                    f"the text of {kind} asks for {', '.join(asked)}, which ends or begins messages"
                )
            if len(text.body.format(when=LONGEST_WHEN)) > self.longest_body:
                raise ValueError(f"the text of {kind} is longer than {self.longest_body}")
        return self

    def revealing_header(self, header: str) -> list[str]:
        """The forbidden words in a subject or sender, where words are often run together."""
        return revealing(header, self.never, within_from=self.found_within_words_from)


def revealing(text: str, never: Iterable[str], *, within_from: int | None = None) -> list[str]:
    """The words of `never` that begin a word in `text`, in any case.

    Those with at least `within_from` letters are found anywhere. The parts of a word may be run
    together or apart: `step down` is found in `step-down` and `stepdown`.
    """
    found = []
    for word in never:
        anywhere = within_from is not None and sum(map(str.isalpha, word)) >= within_from
        pattern = "[^a-z]*".join(map(re.escape, re.split(r"[\s-]+", word)))
        if re.search(pattern if anywhere else f"(?<![a-z]){pattern}", text, re.IGNORECASE):
            found.append(word)
    return found


class PermissionPolicy(Part):
    """By kind of message: the uses that allow it, and what goes out without more."""

    id: Token
    version: Token
    source: str
    uses: dict[Kind, Annotated[tuple[Token, ...], Field(min_length=1)]]
    without_consent: tuple[Kind, ...]
    on_hold: tuple[Kind, ...]

    @model_validator(mode="after")
    def speaks_of_every_kind(self) -> Self:
        if missing := sorted(set(get_args(Kind)) - set(self.uses)):
            raise ValueError(f"uses does not speak of {', '.join(missing)}")
        return self

    def purpose(self, kind: Kind, way: str | None) -> Purpose:
        """What a message of `kind` needs that would take `way`."""
        return Purpose(way, frozenset(self.uses[kind]), kind in self.without_consent)


class HandingOver(Part):
    """What happens to a message of which nobody knows whether it arrived, and how long its text is
    kept."""

    id: Token
    version: Token
    source: str
    may_repeat: frozenset[str]
    jitter: float = Field(ge=0, le=1)
    text_days: int = Field(ge=30, le=3_650)


class ProviderAnswers(Part):
    """What the numbers mean with which a provider refuses a message or reports its end."""

    id: Token
    version: Token
    source: str
    opted_out: frozenset[int]
    unreachable: frozenset[int]
    later: frozenset[int]

    @model_validator(mode="after")
    def mean_one_thing_each(self) -> Self:
        if len(self.opted_out | self.unreachable | self.later) < sum(
            map(len, (self.opted_out, self.unreachable, self.later))
        ):
            raise ValueError("a number means two things")
        return self


def meaning_of(code: int | None) -> Literal["opted_out", "unreachable", "later", "refused"]:
    """What a provider's number says; one that is not known says no more than that it refused."""
    known = provider_answers()
    if code in known.opted_out:
        return "opted_out"
    if code in known.unreachable:
        return "unreachable"
    return "later" if code in known.later else "refused"


provider_answers = data_file(ProviderAnswers, __name__, "provider-answers")
"""The numbers of the providers' answers."""


handing_over = data_file(HandingOver, __name__, "handing-over", by_site=True)
"""The policy in force, everywhere or at a site."""


permission_policy = data_file(PermissionPolicy, __name__, "contact-permission", by_site=True)
"""The policy in force, everywhere or at a site."""


texts = data_file(Texts, __name__, "texts", by_site=True)
"""The texts in force, everywhere or at a site."""
