"""What messages say: neutral texts kept as versioned data, checked when they are loaded.

Nothing of a client goes into a text but the local time of the appointment, so that whoever reads
over a shoulder learns no more than that there is one.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, model_validator

from services.notifications.delivery.vocabulary import Kind

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


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

    @model_validator(mode="after")
    def are_neutral(self) -> "Texts":
        for kind, text in self.texts.items():
            if words := revealing(f"{text.subject}\n{text.body}", self.never):
                raise ValueError(f"the text of {kind} says {', '.join(words)}")
            if len(text.body.format(when="Wed 12:30 PM")) > self.longest_body:
                raise ValueError(f"the text of {kind} is longer than {self.longest_body}")
        return self


def revealing(text: str, never: Iterable[str]) -> list[str]:
    """The words of `never` that begin a word in `text`, in any case."""
    return [
        word for word in never if re.search(rf"(?<![a-z]){re.escape(word)}", text, re.IGNORECASE)
    ]


def spoken(instant: datetime, zone: ZoneInfo) -> str:
    """Weekday and wall-clock time in `zone`, such as `Tue 5:30 PM`."""
    local = instant.astimezone(zone)
    half = "AM" if local.hour < 12 else "PM"
    return f"{WEEKDAYS[local.weekday()]} {local.hour % 12 or 12}:{local.minute:02d} {half}"


@cache
def texts() -> Texts:
    """The texts in force.

    Raises:
        ValueError: when a text contains a word that could reveal treatment, or is too long.
    """
    return Texts.model_validate_json(files(__package__).joinpath("texts.json").read_bytes())


def written(kind: Kind, session_starts_at: datetime, zone: ZoneInfo) -> Text:
    """The message of `kind` for a session, in the recipient's zone."""
    text = texts().texts[kind]
    return Text(subject=text.subject, body=text.body.format(when=spoken(session_starts_at, zone)))
