"""What messages say: neutral texts kept as versioned data, checked when they are loaded.

Nothing of a client goes into a text but the local time of the appointment, so that whoever reads
over a shoulder learns no more than that there is one.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, model_validator

from services.notifications.delivery.vocabulary import Kind

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONGEST_WHEN = "Wed 12:30 PM UTC+1245"


class Text(BaseModel):
    """One message. `{when}` in the body is the only thing that is filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    body: str


class Texts(BaseModel):
    """The texts in force, and the words that no message, subject or sender may contain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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


def spoken(instant: datetime, zone: ZoneInfo, site_zone: ZoneInfo) -> str:
    """Weekday and wall-clock time in `zone`, such as `Tue 5:30 PM`.

    Where clocks at the site show another time the zone is named: `Tue 7:30 PM EDT`.
    """
    local = instant.astimezone(zone)
    half = "AM" if local.hour < 12 else "PM"
    told = f"{WEEKDAYS[local.weekday()]} {local.hour % 12 or 12}:{local.minute:02d} {half}"
    if local.utcoffset() == instant.astimezone(site_zone).utcoffset():
        return told
    name = local.tzname() or ""
    return f"{told} {name if name.isalpha() else f'UTC{name}'}"


@cache
def texts() -> Texts:
    """The texts in force.

    Raises:
        ValueError: when a text is missing, contains a word that could reveal treatment, or is too
            long.
    """
    return Texts.model_validate_json(files(__package__).joinpath("texts.json").read_bytes())


def written(kind: Kind, session_starts_at: datetime, zone: ZoneInfo, site_zone: ZoneInfo) -> Text:
    """The message of `kind` for a session, in the recipient's zone."""
    text = texts().texts[kind]
    when = spoken(session_starts_at, zone, site_zone)
    return Text(subject=text.subject, body=text.body.format(when=when))


texts()  # read at once, so that texts that cannot be used keep the service from starting
