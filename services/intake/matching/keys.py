"""Blocking keys: two people are compared only where they share a key, so that a search among all
clients looks at few of them.

A key is a hash, so that the index of keys holds no name. A person is found again in spite of one
slip: by the birth date (as it is, or with day and month swapped) however the name is written; by
the phone number; by the sound of the whole name whatever the birth date; by the sound of one part
of the family name with the initial and the year of birth.
"""

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from services.intake.matching.names import canonical, family_parts, given_parts, skeleton
from services.intake.matching.policy import Matching

DIGITS_OF_A_NUMBER = 10
"""Country codes are left off: the same number is given with and without."""
MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Person:
    """Who is looked for, or is compared."""

    given_name: str
    family_name: str
    birth_date: date | None
    phone: str | None


def keys_of(person: Person, data: Matching) -> list[int]:
    """The keys by which a client is found, in order, each once."""
    return _hashed(
        [
            *([] if person.birth_date is None else [f"born {person.birth_date}"]),
            *phone_words(person.phone),
            *_name_words(person.given_name, person.family_name, person.birth_date, data),
        ]
    )


def keys_to_search(person: Person, data: Matching) -> list[int]:
    """The keys of all who may be the same person: also by the slips that keys do not forgive."""
    words = [
        *phone_words(person.phone),
        *_name_words(person.given_name, person.family_name, person.birth_date, data),
        *_name_words(person.family_name, person.given_name, person.birth_date, data),
    ]
    if person.birth_date is not None:
        words.append(f"born {person.birth_date}")
        if (swapped := day_and_month_swapped(person.birth_date)) is not None:
            words.append(f"born {swapped}")
    return _hashed(words)


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


def _name_words(given: str, family: str, born: date | None, data: Matching) -> list[str]:
    first = given_parts(given)[:1]
    if not first:
        return []
    sound = skeleton(canonical(first[0], data))
    words = []
    for part in family_parts(family, data)[:MOST_PARTS]:
        words.append(f"name {skeleton(part)} {sound}")
        if born is not None:
            words.append(f"year {skeleton(part)} {sound[:1]} {born.year}")
    return words


def _hashed(words: list[str]) -> list[int]:
    return sorted(
        {
            int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), signed=True)
            for word in words
        }
    )
