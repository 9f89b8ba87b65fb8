"""How long questionnaires and links are good for, what a form says beside its items, and the crisis
line: data with a version and a source, read once and checked."""

from pydantic import Field, model_validator

from services.intake.questionnaires.rules.wording import ShippedWording
from shared.contracts.intake import RiskKind
from shared.datafiles import DataFile, Part, data_file, data_folder

FALLBACK = "en"


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


class Policy(DataFile):
    """The policy of an organization."""

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


policy = data_file(Policy, __name__, "standard")
"""The policy in force."""


def by_version(found: dict[str, ShippedWording]) -> dict[tuple[str, str, str], ShippedWording]:
    """By instrument, version and language."""
    return {(one.instrument, one.version, one.language): one for one in found.values()}


shipped_wordings = data_folder(ShippedWording, __name__, "wordings", by_version)
"""The wordings that we ship: labels and introductions beside the texts in the instruments."""
