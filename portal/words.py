"""English and Spanish, by one catalogue: `es.json` has the Spanish of each English text.

Codes of the APIs, such as `no_show`, are texts too: their words with blanks between.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = {"en": "English", "es": "Español"}
SPANISH: dict[str, str] = json.loads(
    Path(__file__).with_name("es.json").read_text(encoding="utf-8")
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
NOTHING = "\N{EN DASH}"


class Words:
    """A language, as templates use it."""

    def __init__(self, language: str) -> None:
        self.language = language

    def text(self, english: str, **values: Any) -> str:
        """A text in the language, with what stands in braces in it."""
        found = SPANISH.get(english, english) if self.language == "es" else english
        return found.format(**values) if values else found

    def code(self, code: Any) -> str:
        """A code of an API in words."""
        if code is None:
            return NOTHING
        if isinstance(code, bool):
            return self.text("yes" if code else "no")
        return self.text(str(code).replace("_", " "))

    def codes(self, codes: Iterable[Any]) -> str:
        """Several, with commas between."""
        return ", ".join(map(self.code, codes))

    def day(self, day: date | str) -> str:
        """A date with its weekday."""
        when = date.fromisoformat(day[:10]) if isinstance(day, str) else day
        weekday, month = self.text(DAYS[when.weekday()]), self.text(MONTHS[when.month - 1])
        if self.language == "es":
            return f"{weekday} {when.day} de {month} de {when.year}"
        return f"{weekday}, {when.day} {month} {when.year}"

    def time(self, instant: str | None, zone: str) -> str:
        """The time of day of an instant."""
        return f"{local(instant, zone):%H:%M}" if instant else NOTHING

    def moment(self, instant: str | None, zone: str) -> str:
        """Day and time of an instant."""
        if not instant:
            return NOTHING
        when = local(instant, zone)
        month = self.text(MONTHS[when.month - 1])[:3].lower()
        return f"{when.day} {month if self.language == 'es' else month.title()} {when:%Y, %H:%M}"


def local(instant: str, zone: str) -> datetime:
    """An instant by the clock of a zone."""
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(zone) if zone else UTC)


def preferred(accepted: str) -> str:
    """The language that a browser asks for first, of those that there are."""
    for part in accepted.split(","):
        language = part.partition(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return "en"
