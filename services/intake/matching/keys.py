"""Blocking keys: two people are compared only where they share a key, so that a search among all
clients looks at few of them.

A key is a hash, so that the index of keys holds no name. A person is found again in spite of one
slip: by the birth date (as it is, or with day and month swapped) however the name is written; by
the phone number; by the sound of the whole name whatever the birth date; by the sound of one part
of the family name with the initial and the year of birth; by the given name as it is with a piece
of the family name that the slip spared, and the other way round. Names count as they are written
together, so that it makes no difference where they are written apart. Somebody with one name only
is found by a piece of it, and finds others by a piece of either of theirs.
"""

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from services.intake.matching.names import (
    family_parts,
    family_spellings,
    forms,
    given_spellings,
    skeleton,
    words_of,
)
from services.intake.matching.policy import Matching

DIGITS_OF_A_NUMBER = 10
"""Country codes are left off: the same number is given with and without."""
MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Person:
    """Who is looked for, or is compared; one of the two names may be absent."""

    given_name: str | None
    family_name: str | None
    birth_date: date | None
    phone: str | None

    @classmethod
    def of(cls, row: Any) -> "Person":
        """Who a row or a request tells of."""
        return cls(**{name: row[name] for name in cls.__slots__})


def keys_of(person: Person, data: Matching) -> list[int]:
    """The keys by which a client is found, in order, each once."""
    given, family = person.given_name, person.family_name
    pieces = _pieces(given, family, data)
    words = [f"part {one}" for one in pieces] if has_both(person) else _only(pieces)
    return _hashed(
        [
            *([] if person.birth_date is None else [f"born {person.birth_date}"]),
            *phone_words(person.phone),
            *_name_words(given, family, person.birth_date, data),
            *words,
        ]
    )


def keys_to_search(person: Person, data: Matching) -> list[int]:
    """The keys of all who may be the same person: also by the slips that keys do not forgive."""
    given, family = person.given_name, person.family_name
    pieces = _pieces(given, family, data)
    words = [
        *phone_words(person.phone),
        *_name_words(given, family, person.birth_date, data),
        *_name_words(family, given, person.birth_date, data),
        *_only(pieces),
    ]
    if not has_both(person):
        words += [f"part {one}" for one in pieces]
    if person.birth_date is not None:
        words.append(f"born {person.birth_date}")
        if (swapped := day_and_month_swapped(person.birth_date)) is not None:
            words.append(f"born {swapped}")
    return _hashed(words)


def has_both(person: Person) -> bool:
    """Whether both names are known."""
    return bool(words_of(person.given_name) and words_of(person.family_name))


def phone_keys(phone: str | None) -> list[int]:
    """The keys of a phone number alone."""
    return _hashed(phone_words(phone))


def phone_words(phone: str | None) -> list[str]:
    """A phone number as a key, before it is hashed."""
    return [] if phone is None else [f"phone {national(phone)}"]


def national(phone: str) -> str:
    """The last digits of a number, which are the same with and without its country code."""
    return "".join(c for c in phone if c.isdigit())[-DIGITS_OF_A_NUMBER:]


def day_and_month_swapped(day: date) -> date | None:
    """The date that somebody meant who wrote the day first; None where it is none or the same."""
    if day.day > 12 or day.day == day.month:
        return None
    return date(day.year, day.day, day.month)


def _name_words(
    given: str | None, family: str | None, born: date | None, data: Matching
) -> list[str]:
    """The keys of a whole name; none where one of its parts is not known."""
    givens, families = given_spellings(given, data), family_spellings(family, data)
    if not givens or not families:
        return []
    sound = skeleton(givens[0])
    parts = dict.fromkeys((*family_parts(family, data)[:MOST_PARTS], *families))
    words = [f"name {skeleton(part)} {sound}" for part in parts]
    if born is not None:
        words += [f"year {skeleton(part)} {sound[:1]} {born.year}" for part in parts]
    words += [
        f"given {one} {piece}" for one in givens for name in families for piece in forms(name)
    ]
    words += [f"family {name} {piece}" for name in families for piece in _of_given(given)]
    return words


def _pieces(given: str | None, family: str | None, data: Matching) -> list[str]:
    """What one slip spares of either name."""
    families = [piece for name in family_spellings(family, data) for piece in forms(name)]
    return [*families, *_of_given(given)]


def _of_given(name: str | None) -> list[str]:
    """What one slip spares of the first of the given names, or of all written together."""
    words = words_of(name)
    return [*forms(words[0]), forms("".join(words))[1]] if words else []


def _only(pieces: list[str]) -> list[str]:
    return [f"only {piece}" for piece in pieces]


def _hashed(words: list[str]) -> list[int]:
    return sorted(
        {
            int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), signed=True)
            for word in words
        }
    )
