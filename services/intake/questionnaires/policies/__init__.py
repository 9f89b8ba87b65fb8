"""How long questionnaires and links are good for, what a form says beside its items, and the crisis
line: data with a version and a source, read once and checked."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.intake import RiskKind
from shared.datafiles import read_all

STANDARD = "standard"
FALLBACK = "en"


class Part(BaseModel):
    """A part of the policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CrisisText(Part):
    """What a client is told at once, in one language."""

    text: str = Field(min_length=1, max_length=600)
    number: str = Field(pattern=r"^\+?[0-9]{2,15}$")
    call: str = Field(min_length=1, max_length=60)


class CrisisLine(Part):
    """Whom somebody in danger can reach now."""

    source: str
    kinds: tuple[RiskKind, ...]
    """Findings after which it is shown."""
    languages: dict[str, CrisisText]


class Policy(Part):
    """The policy of an organization."""

    id: str
    version: str
    source: str
    open_days: int = Field(ge=1, le=90)
    link_hours: int = Field(ge=1, le=720)
    page_address: str = Field(pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]+)?)?/[A-Za-z0-9/_-]*$")
    """Where the page is for clients; with a host when a gateway gives it another one than ours."""
    most_choices: int = Field(ge=2, le=20)
    """Items with more values than this are asked by a list to choose from."""
    crisis: CrisisLine
    texts: dict[str, dict[str, str]]
    """What the page says beside the items, by language and key."""

    @model_validator(mode="after")
    def complete(self) -> "Policy":
        if FALLBACK not in self.texts or FALLBACK not in self.crisis.languages:
            raise ValueError(f"texts and crisis line need `{FALLBACK}`")
        keys = self.texts[FALLBACK].keys()
        for language, texts in self.texts.items():
            if texts.keys() != keys:
                raise ValueError(f"texts of `{language}` are not those of `{FALLBACK}`")
            if language not in self.crisis.languages:
                raise ValueError(f"the crisis line has no text in `{language}`")
        return self


@cache
def policy() -> Policy:
    """The policy in force."""
    return read_all(Policy, __package__, "questionnaires")[STANDARD]


policy()  # read at once, so that data that cannot be read keep the service from starting
