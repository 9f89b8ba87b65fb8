"""How messages are handed over, and what providers answer: data with versions, checked when they
are read."""

from typing import Literal, Self

from pydantic import Field, model_validator

from shared.contracts.intake import Token
from shared.datafiles import Part, data_file


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
