"""Templates, forbidden words and the name of a site: data with versions, checked when read.

A template is refused when it says a word that could tell that its reader is treated, in any
language; when it uses a variable that nothing fills in; when it asks for a reply that is also a way
to opt out; or when it costs more text messages than it may.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal, Self

import jinja2
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field, field_validator, model_validator

from services.notifications.opt_outs.policy import reply_words
from services.notifications.texts.rules import plain, revealing, segments
from shared.contracts.intake import Token
from shared.datafiles import Part, data_file, data_folder

Language = Literal["en", "es"]
FALL_BACK: Language = "en"
SAMPLE: dict[str, str] = {
    "when": "Wed 12:30 PM UTC+1245",
    "sender": "Appointments",
    "phone": "+1 303 555 0123",
    "urgent": "In an emergency call 911, or call or text 988.",
    "link": "https://forms.example/#" + "x" * 43,
}
"""Every variable that a template may use, with the longest value that its cost is counted by."""
UNCHECKED = {"link", "urgent"}
"""The page of a link is checked where it is set; `urgent` is what a site's policy says."""

environment = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)
"""Templates can read what they are given and nothing else."""


class Words(Part):
    """Words that no message to a client, subject, link or sender may contain, by language."""

    id: Token
    version: Token
    source: str
    languages: dict[Language, tuple[str, ...]]
    found_within_words_from: int
    """Forbidden words of so many letters are found inside other words of a subject or sender."""

    @property
    def never(self) -> list[str]:
        """The words of all languages."""
        return [word for words in self.languages.values() for word in words]

    def revealing_header(self, header: str) -> list[str]:
        """The forbidden words in a subject or sender, where words are often run together."""
        return revealing(header, self.never, within_from=self.found_within_words_from)


words = data_file(Words, __name__, "words")
"""The words that are forbidden everywhere; no site may allow one."""


def checked_source(source: str) -> str:
    """Refuse what is no template, or uses what the sandbox knows no variable for."""
    try:
        unknown = meta.find_undeclared_variables(environment.parse(source)) - set(SAMPLE)
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} is no template: {error.message}") from None
    if unknown:
        known = ", ".join(sorted(SAMPLE))
        raise ValueError(f"{', '.join(sorted(unknown))} is not known: use {known}")
    return source


Source = Annotated[str, Field(min_length=1, max_length=2_000)]


class Wording(Part):
    """A template in one language. `sms` takes the place of `body` in text messages."""

    subject: Annotated[str, Field(min_length=1, max_length=80)]
    body: Source
    sms: Source | None = None

    _known = field_validator("subject", "body", "sms")(
        lambda source: source if source is None else checked_source(source)
    )

    def sources(self) -> tuple[str, ...]:
        """All that may be said."""
        return tuple(one for one in (self.subject, self.body, self.sms) if one is not None)


class Template(Part):
    """What a kind of message says, in each language that it is written in."""

    version: Token
    source: str
    longest_body: Annotated[int, Field(gt=0)] = 160
    most_segments: Annotated[int, Field(gt=0)] = 1
    """Of a text message, in each language."""
    languages: dict[Language, Wording]

    @model_validator(mode="after")
    def is_neutral(self) -> Self:
        if FALL_BACK not in self.languages:
            raise ValueError(f"languages lacks {FALL_BACK}, which is taken where another lacks")
        for language, wording in self.languages.items():
            for check in (_check_words, _check_replies, self._check_length):
                if wrong := check(wording):
                    raise ValueError(f"{language}: {wrong}")
        return self

    def _check_length(self, wording: Wording) -> str | None:
        if len(fill(wording.body, SAMPLE | {"link": ""})) > self.longest_body:
            return f"the body is longer than {self.longest_body}"
        cost = segments(plain(fill(wording.sms or wording.body, SAMPLE))).count
        if cost > self.most_segments:
            return f"it costs {cost} text messages, and most_segments is {self.most_segments}"
        return None

    def in_language(self, wanted: str | None) -> tuple[Language, bool]:
        """The language it is written in for who wants `wanted`, and whether that is another."""
        primary = (wanted or FALL_BACK).partition("-")[0].lower()
        for language in self.languages:
            if language == primary:
                return language, False
        return FALL_BACK, True


class Branding(Part):
    """How a site shows itself to clients, and what its policy adds to messages."""

    id: Token
    version: Token
    source: str
    sender: Annotated[str, Field(min_length=1, max_length=40)]
    phone: Annotated[str, Field(max_length=25)] = ""
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] = "#1f3a5f"
    """Of the headline of HTML mail."""
    urgent: dict[Language, Annotated[str, Field(max_length=80)]] = Field(default_factory=dict)
    """Told where a template asks for it, such as where help is to be had at any hour; empty where
    the site's policy is to say nothing."""
    link_pages: dict[Token, str] = Field(default_factory=dict)
    """By purpose, the page that a link in a message opens."""

    @model_validator(mode="after")
    def is_neutral(self) -> Self:
        for told in (self.sender, *self.link_pages.values()):
            bare = told.removeprefix("https://").removeprefix("http://")
            if found := words().revealing_header(bare):
                raise ValueError(f"{told} says {', '.join(found)}")
        if contrast_with_white(self.colour) < LEAST_CONTRAST:
            raise ValueError(f"colour {self.colour} is too faint on white")
        return self


LEAST_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3."""


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of a colour such as `#1f3a5f` with white, by WCAG 2.2."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _check_words(wording: Wording) -> str | None:
    shown = {name: "" if name in UNCHECKED else value for name, value in SAMPLE.items()}
    subject, *bodies = (fill(one, shown) for one in wording.sources())
    found = words().revealing_header(subject) or revealing("\n".join(bodies), words().never)
    return f"the text says {', '.join(found)}" if found else None


def _check_replies(wording: Wording) -> str | None:
    wrong = {
        word.upper()
        for one in wording.sources()
        for word in reply_words().asked_for(one, offering=wording.sms is not None)
    }
    return f"a reply of {', '.join(sorted(wrong))} opts out" if wrong else None


@lru_cache(maxsize=1_000)
def compiled(source: str) -> jinja2.Template:
    """The template as code; making it takes a hundred times as long as filling it in."""
    return environment.from_string(source)


def fill(source: str, values: Mapping[str, str]) -> str:
    """The template with its variables filled in; blanks at the ends and doubled ones go.

    Raises:
        ValueError: it reaches for what the sandbox does not give.
    """
    try:
        filled = compiled(source).render(values)
    except TemplateError as error:
        raise ValueError(f"it cannot be filled in: {error}") from None
    return re.sub(r"[ \t]{2,}", " ", filled).strip()


def arrange(found: dict[str, Template]) -> dict[str, Template]:
    """The templates by name."""
    return found


templates = data_folder(Template, __name__, "templates", arrange, by_site=True)
"""The templates in force, everywhere or at a site, by name."""
branding = data_file(Branding, __name__, "branding", by_site=True)
"""How a site shows itself."""
