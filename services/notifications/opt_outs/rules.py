"""What a reply means, and why nothing goes to an address. Pure."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Literal

Stopped = Literal["opted_out", "unreachable"]
"""Who has the address wants nothing, or nothing arrives there."""
LearnedFrom = Literal["word", "free_text", "one_click", "provider"]
"""How it is known that an address is stopped."""
Meaning = Literal["stop", "start", "help", "urgent", "other"]
"""What a reply asks for; `urgent`: somebody may be in danger, and a person has to read it."""


def of_one_mailbox(address: str) -> str:
    """An address as it is compared: no provider tells mailboxes apart by capital letters, and who
    wants nothing at one gets nothing however it was typed. Numbers stay as they are."""
    return address.lower()


def plain(text: str) -> str:
    """The words of a text in small letters, without accents and punctuation, one blank between.

    An apostrophe joins: `don't` is `dont`, as many write it.
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    joined = re.sub("['\\u2018\\u2019\\u02bc`\\u00b4]", "", bare)
    return " ".join(re.findall(r"[a-z0-9]+", joined.lower()))


def meaning(
    text: str,
    *,
    stop: Collection[str],
    start: Collection[str],
    help_words: Collection[str],
    polite: Collection[str],
    stop_phrases: Sequence[re.Pattern[str]],
    urgent_phrases: Sequence[re.Pattern[str]],
) -> tuple[Meaning, LearnedFrom]:
    """What a reply means, and whether by a word alone or by free text.

    A word counts when it is all that was written, but for polite ones. In free text what may be
    urgent comes first: "I can't stop thinking about using" is no wish to hear nothing more.
    (47 CFR 64.1200(a)(10): any reasonable means; the words of the rule are conclusive.)
    """
    said = plain(text)
    words = said.split()
    core = " ".join(word for word in words if word not in polite) or said
    known: tuple[tuple[Meaning, Collection[str]], ...] = (
        ("stop", stop),
        ("start", start),
        ("help", help_words),
    )
    for what, of in known:
        if said in of or core in of:
            return what, "word"
    if any(phrase.search(said) for phrase in urgent_phrases):
        return "urgent", "free_text"
    if any(phrase.search(said) for phrase in stop_phrases):
        return "stop", "free_text"
    return "other", "free_text"
