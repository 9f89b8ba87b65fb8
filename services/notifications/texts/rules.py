"""Words and letters of messages: what reveals treatment, times as spoken, text messages counted.

Pure.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic alphabet of 3GPP TS 23.038, section 6.2.1."""
GSM_7_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Letters that take two septets, section 6.2.1.1."""
WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}
BLANKS = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u2009": " ", "\u2013": "-", "\u2019": "'"})


@dataclass(frozen=True, slots=True)
class Text:
    """A message as it goes out. Stays out of any log."""

    subject: str
    body: str
    html: str | None = None
    language: Literal["en", "es"] = "en"


@dataclass(frozen=True, slots=True)
class Segments:
    """How many text messages a text costs, of how many septets or UTF-16 units."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    count: int


def segments(text: str) -> Segments:
    """How many text messages `text` is sent as, by 3GPP TS 23.040, section 9.2.3.24.

    160 septets, or 153 each of several, where the two of an extended letter are not parted; one
    letter beyond GSM-7 makes it 70 units of UTF-16, or 67, where no pair is parted.
    """
    known = GSM_7 | GSM_7_EXTENDED
    if known.issuperset(text):
        sizes = [2 if letter in GSM_7_EXTENDED else 1 for letter in text]
        single, several = 160, 153
    else:
        sizes = [2 if ord(letter) > 0xFFFF else 1 for letter in text]
        single, several = 70, 67
    units = sum(sizes)
    count, left = (1, single) if units <= single else (1, several)
    for size in sizes:
        if size > left:
            count, left = count + 1, several
        left -= size
    return Segments("GSM-7" if single == 160 else "UCS-2", units, count)


def plain(text: str) -> str:
    """`text` as a text message: blanks and dashes of print become plain ones, and where accents
    alone keep it from GSM-7 it goes without them."""
    text = text.translate(BLANKS)
    bare = "".join(letter if letter in GSM_7 else unaccented(letter) for letter in text)
    return bare if (GSM_7 | GSM_7_EXTENDED).issuperset(bare) else text


def unaccented(text: str) -> str:
    """`text` without accents and without letters that nobody sees."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(one for one in parts if unicodedata.category(one) not in ("Mn", "Cf"))


def revealing(text: str, never: Iterable[str], *, within_from: int | None = None) -> list[str]:
    """The words of `never` that begin a word in `text`, in any case and with any accents.

    Those with at least `within_from` letters are found anywhere. The parts of a word may be run
    together or apart: `step down` is found in `step-down` and `stepdown`.
    """
    text, found = unaccented(text), []
    for word in never:
        bare = unaccented(word)
        anywhere = within_from is not None and sum(map(str.isalpha, bare)) >= within_from
        pattern = "[^a-z]*".join(map(re.escape, re.split(r"[\s-]+", bare)))
        if re.search(pattern if anywhere else f"(?<![a-z]){pattern}", text, re.IGNORECASE):
            found.append(word)
    return found


def spoken(instant: datetime, zone: ZoneInfo, site_zone: ZoneInfo, language: str = "en") -> str:
    """Weekday and wall-clock time in `zone`, such as `Tue 5:30 PM`.

    Where clocks at the site show another time the zone is named: `Tue 7:30 PM EDT`.
    """
    local = instant.astimezone(zone)
    half = "AM" if local.hour < 12 else "PM"
    weekday = WEEKDAYS[language][local.weekday()]
    told = f"{weekday} {local.hour % 12 or 12}:{local.minute:02d} {half}"
    if local.utcoffset() == instant.astimezone(site_zone).utcoffset():
        return told
    name = local.tzname() or ""
    return f"{told} {name if name.isalpha() else f'UTC{name}'}"
