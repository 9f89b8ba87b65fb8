"""Texts that people read: what is refused of them."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that show nothing: the Hangul fillers and the empty Braille cell."""


def legible(name: str) -> str:
    """Refuse a name with characters that control or hide something, and one that shows nothing."""
    kinds = [unicodedata.category(character) for character in name if character not in BLANK]
    if any(kind[0] == "C" or kind in ("Zl", "Zp") for kind in kinds):
        raise ValueError("A name has no control or invisible characters.")
    if all(kind[0] in "MZ" for kind in kinds):
        raise ValueError("A name has a visible character.")
    return name


def readable(text: str) -> str:
    """Refuse a text with characters that control something, ends of lines and tabs apart, and one
    that shows nothing. Signs that join or part letters stay, as some scripts need them."""
    kinds = [unicodedata.category(one) for one in text if one not in BLANK | {"\n", "\t"}]
    if any(kind in ("Cc", "Cs", "Cn", "Co") for kind in kinds):
        raise ValueError("A text has no control characters.")
    if all(kind[0] in "CMZ" for kind in kinds):
        raise ValueError("A text has a visible character.")
    return text


Legible = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$"),
    AfterValidator(legible),
]
"""A name or a topic."""
