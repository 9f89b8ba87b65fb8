"""How messages are handed over, and what providers answer: data with versions, checked when they
are read."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.contracts.intake import Token
from shared.datafiles import Part, data_file

STATUS = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})")
"""An enhanced status code of mail (RFC 3463)."""


def code_of(told: Any) -> Any:
    """An answer's number; an enhanced status code such as 5.1.1 as one, here 5001001."""
    if isinstance(told, str) and STATUS.fullmatch(told):
        kind, subject, detail = map(int, told.split("."))
        return (kind * 1_000 + subject) * 1_000 + detail
    return told


Code = Annotated[int, BeforeValidator(code_of)]


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
    opted_out: frozenset[Code]
    unreachable: frozenset[Code]
    later: frozenset[Code]

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
