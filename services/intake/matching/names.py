"""Names as they are compared: without case, marks, hyphens and particles; and how they sound."""

import unicodedata
from functools import lru_cache

from services.intake.matching.policy import Matching, matching

APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc`\u00b4.")
SOUNDS = {
    letter: sound
    for sound, letters in {
        "b": "bpfv",
        "k": "cgjkqxsz",
        "t": "dt",
        "l": "l",
        "m": "mn",
        "r": "r",
    }.items()
    for letter in letters
}
"""The classes of Soundex (R. C. Russell, US patent 1,261,167); vowels, h, w and y are mute."""
LONGEST_SKELETON = 6


@lru_cache(maxsize=50_000)
def folded(name: str) -> str:
    """Lower-case words, one blank between them; letters without marks, no other characters."""
    lower = name.casefold()
    if not lower.isascii():
        apart = unicodedata.normalize("NFKD", lower.translate(matching().translation))
        lower = "".join(c for c in apart if not unicodedata.combining(c)).casefold()
    joined = lower.translate(APOSTROPHES)
    return " ".join("".join(c if c.isalnum() else " " for c in joined).split())


def family_parts(name: str, data: Matching) -> tuple[str, ...]:
    """The words of a family name without particles and suffixes, unless nothing else is there."""
    words = tuple(folded(name).split())
    left = tuple(w for w in words if w not in data.particles and w not in data.suffixes)
    return left or words


def given_parts(name: str) -> tuple[str, ...]:
    """The words of a given name."""
    return tuple(folded(name).split())


def canonical(word: str, data: Matching) -> str:
    """The name that a given name is a form of, or itself."""
    return data.name_of.get(word, word)


@lru_cache(maxsize=50_000)
def skeleton(word: str) -> str:
    """How a word sounds, roughly: the classes of its consonants, with no class twice in a row.

    The first letter counts by its class too, and as `a` when it is a vowel, so that Catherine and
    Kathryn sound alike. A word in another script sounds like itself.
    """
    if not word.isascii():
        return word
    sounds = [SOUNDS.get(letter, letter if letter.isdigit() else "") for letter in word]
    made = "a" if sounds and not sounds[0] else ""
    before = ""
    for sound in sounds:
        if sound and sound != before:
            made += sound
        before = sound
    return made[:LONGEST_SKELETON]
