"""A message in words: the template of its kind, in the language of its reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from uuid import UUID

from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notifications.texts.policy import Language, Template, branding, fill, templates
from services.notifications.texts.rules import Text, plain

layout = ImmutableSandboxedEnvironment(autoescape=True, trim_blocks=True).from_string(
    (resources.files(__package__) / "layout.html").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Written:
    """A message as it goes out, and the language it is in."""

    text: Text
    language: Language
    fell_back: bool
    """The reader's language is another one, in which nothing is written."""


def write(
    template: str,
    site_id: UUID | None,
    channel: str | None,
    wanted: str | None,
    values: Mapping[str, str],
) -> Written:
    """The message of the template in force at a site; see `fill_in`."""
    return fill_in(templates(site_id)[template], site_id, channel, wanted, values)


def fill_in(
    template: Template,
    site_id: UUID | None,
    channel: str | None,
    wanted: str | None,
    values: Mapping[str, str],
) -> Written:
    """The message from a site for who reads `wanted`, as a channel takes it.

    HTML goes beside the plain text of a mail, and says the same.

    Raises:
        ValueError: a value lacks.
    """
    language, fell_back = template.in_language(wanted)
    wording, brand = template.languages[language], branding(site_id)
    known = {
        "sender": brand.sender,
        "phone": brand.phone,
        "urgent": brand.urgent.get(language, ""),
        "link": "",
        **values,
    }
    subject = fill(wording.subject, known)
    if channel == "sms":
        text = Text(subject, plain(fill(wording.sms or wording.body, known)), None, language)
    else:
        body = fill(wording.body, known)
        html = in_html(subject, body, language, brand.sender, brand.colour)
        text = Text(subject, body, html, language)
    return Written(text, language, fell_back)


def in_html(subject: str, body: str, language: Language, sender: str, colour: str) -> str:
    """The plain text as an accessible page: language, title, one heading, no pictures."""
    lines = [linked(line) for line in body.splitlines() if line.strip()]
    return layout.render(
        subject=subject, lines=lines, language=language, sender=sender, colour=colour
    )


def linked(line: str) -> list[tuple[str, str | None]]:
    """The words of a line, those that are addresses with where they lead."""
    return [(word, word if word.startswith("https://") else None) for word in line.split()]
