"""Texts that people read: what is refused of them."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that show nothing: the Hangul fillers and the empty Braille cell."""

IN_TEXTS = frozenset("\n\t\u200c\u200d")
"""Ends of lines, tabs, and what parts and joins letters, such as in Persian and in emoji."""


def legible(name: str) -> str:
    """Refuse a name with characters that control or hide something, and one that shows nothing."""
    kinds = [unicodedata.category(character) for character in name if character not in BLANK]
    if any(kind[0] == "C" or kind in ("Zl", "Zp") for kind in kinds):
        raise ValueError("A name has no control or invisible characters.")
    if all(kind[0] in "MZ" for kind in kinds):
        raise ValueError("A name has a visible character.")
    return name


def readable(text: str) -> str:
    """Refuse a text with characters that control or hide something, and one that shows nothing.
    Ends of lines and tabs stay, and the signs that join and part letters, as some scripts need
    them."""
    kinds = [unicodedata.category(one) for one in text if one not in BLANK | IN_TEXTS]
    if any(kind[0] == "C" for kind in kinds):
        raise ValueError("A text has no control or invisible characters.")
    if all(kind[0] in "MZ" for kind in kinds):
        raise ValueError("A text has a visible character.")
    return text


Legible = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$"),
    AfterValidator(legible),
]
"""A name or a topic."""
