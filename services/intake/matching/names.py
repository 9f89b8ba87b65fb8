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
SHORT = 4


@lru_cache(maxsize=50_000)
def folded(name: str) -> str:
    """Lower-case words, one blank between them; letters without marks, no other characters."""
    lower = name.casefold()
    if not lower.isascii():
        apart = unicodedata.normalize("NFKD", lower.translate(matching().translation))
        lower = "".join(c for c in apart if not unicodedata.combining(c)).casefold()
    joined = lower.translate(APOSTROPHES)
    return " ".join("".join(c if c.isalnum() else " " for c in joined).split())


@lru_cache(maxsize=50_000)
def family_parts(name: str | None, data: Matching) -> tuple[str, ...]:
    """The words of a family name without particles and suffixes, unless nothing else is there.

    A prefix such as O or Mc is one word with what follows it.
    """
    words = _fused(words_of(name), data.prefixes)
    left = tuple(w for w in words if w not in data.particles and w not in data.suffixes)
    return left or words


@lru_cache(maxsize=50_000)
def family_spellings(name: str | None, data: Matching) -> tuple[str, ...]:
    """A family name written together: with its particles, and without those that it has."""
    words = words_of(name)
    whole = "".join(w for w in words if w not in data.suffixes) or "".join(words)
    return _each_once(whole, "".join(family_parts(name, data)))


@lru_cache(maxsize=50_000)
def given_spellings(name: str | None, data: Matching) -> tuple[str, ...]:
    """The first of the given names, by the name that it is a form of, and all written together."""
    words = words_of(name)
    return _each_once(canonical(words[0], data) if words else "", "".join(words[1:] and words))


@lru_cache(maxsize=50_000)
def words_of(name: str | None) -> tuple[str, ...]:
    """The words of a name; none where there is no name."""
    return tuple(folded(name).split()) if name else ()


def listed_as(given: str | None, family: str | None) -> str:
    """How somebody stands in a list by name: the family name, or the only one, first; each folded
    and written together."""
    return " ".join("".join(words_of(name)) for name in (family, given) if words_of(name))


def _each_once(*words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))


def _fused(words: tuple[str, ...], prefixes: frozenset[str]) -> tuple[str, ...]:
    made: list[str] = []
    before = ""
    for word in words:
        if word in prefixes:
            before += word
        else:
            made.append(before + word)
            before = ""
    return (*made, before) if before else tuple(made)


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


def forms(word: str) -> tuple[str, ...]:
    """Pieces of a word of which one slip leaves at least one as it is.

    A slip is a letter too many, too few or another one, or two exchanged. Whatever it is, it spares
    the first two letters or the last two; in a word of up to four, else the first with the last.
    """
    ends = (f"{word[0]}-{word[-1]}",) if len(word) <= SHORT else ()
    return (f"{word[:2]}-", f"-{word[-2:]}", *ends)
