"""The forms of consent: data, one file a version of a form, with what the law asks of each."""

import hashlib
from datetime import date
from typing import Literal, Self

import orjson
from pydantic import Field, model_validator

from services.intake.consents.policy.law import GIVEN_BY, ElementName, separate, what_is_missing
from services.intake.consents.policy.vocabulary import vocabulary
from shared.contracts.intake import ConsentForm, Token
from shared.datafiles import DataFileInvalid, Part, data_folder

PartyKind = Literal["person", "organization", "class"]
ExpiryKind = Literal["date", "event", "none"]


class Element(Part):
    """Something that the form needs: its number in the table of elements, and where the law asks
    for it."""

    number: str = Field(pattern=r"^[a-z]?[0-9]{1,2}[a-z]?$", examples=["6"])
    name: ElementName = Field(examples=["right_to_revoke"])
    source: str = Field(min_length=1, examples=["42 CFR 2.31(a)(6)"])


class Block(Part):
    """A paragraph of the text; `element` names the statement that it makes."""

    element: ElementName | None = Field(None, examples=["right_to_revoke"])
    text: str = Field(min_length=1, examples=["I can take this back."])


class Text(Part):
    """The form in one language."""

    title: str = Field(min_length=1, examples=["Consent to treatment"])
    blocks: tuple[Block, ...] = Field(min_length=1)


class Notice(Part):
    """What has to go along with each disclosure by this consent."""

    source: str = Field(examples=["42 CFR 2.32(a)(2)"])
    text: str = Field(min_length=1, examples=["42 CFR part 2 prohibits …"])


class Expiry(Part):
    """How a consent by this form may end by itself."""

    kinds: tuple[ExpiryKind, ...] = Field(min_length=1)
    events: tuple[Token, ...] = ()


class Form(Part):
    """One version of a form. One without what the law asks of it is refused when read."""

    id: ConsentForm
    version: Token = Field(examples=["1.0"])
    source: str
    withdrawn_on: date | None = Field(
        None, description="Not accepted when signed on or after that day."
    )
    single: bool = Field(description="A client has one in force at most; a new one replaces it.")
    elements: tuple[Element, ...] = Field(min_length=1)
    information: tuple[Token, ...] = ()
    purposes: tuple[Token, ...] = ()
    recipients: tuple[PartyKind, ...] = ()
    recipient_classes: tuple[Token, ...] = ()
    expiry: Expiry
    may_be_court_referral: bool = Field(
        False, description="May serve a referral by the criminal justice system (42 CFR 2.35)."
    )
    notice: Notice | None = None
    languages: dict[str, Text] = Field(min_length=1)

    @model_validator(mode="after")
    def is_lawful(self) -> Self:
        names = [element.name for element in self.elements]
        if len(set(names)) < len(names):
            raise ValueError("An element is there twice.")
        if (missing := what_is_missing(self.id, names, self.purposes)) is not None:
            raise ValueError(f"The element {missing[0]} is missing ({missing[1]}).")
        if (mixed := separate(self.id, self.information, self.purposes)) is not None:
            raise ValueError(mixed)
        if "none" in self.expiry.kinds and self.id != "treatment_payment_operations":
            raise ValueError("Only a TPO consent may have no expiry (42 CFR 2.31(a)(7)).")
        if ("event" in self.expiry.kinds) != bool(self.expiry.events):
            raise ValueError("Name the events if the form may expire with one, and only then.")
        return self

    @model_validator(mode="after")
    def uses_known_words(self) -> Self:
        words = vocabulary()
        for used, known in (
            (self.information, words.information.keys()),
            (self.purposes, words.purposes.keys()),
            (self.recipient_classes, words.recipients.keys()),
            (self.expiry.events, words.events.keys()),
        ):
            if unknown := set(used) - known:
                raise ValueError(f"{min(unknown)} is no word of the vocabulary.")
        return self

    @model_validator(mode="after")
    def says_everything_in_every_language(self) -> Self:
        stated = sorted(one.name for one in self.elements if GIVEN_BY[one.name] == "statement")
        for language, text in self.languages.items():
            said = sorted(block.element for block in text.blocks if block.element is not None)
            if said != stated:
                odd = sorted(set(said) ^ set(stated)) or said
                raise ValueError(f"The text in {language} does not say each once: {odd[0]}.")
        return self

    def element(self, name: ElementName) -> Element | None:
        """What the form needs by that name, if it does."""
        return next((one for one in self.elements if one.name == name), None)

    def digest(self, language: str) -> str:
        """The fingerprint of the text in a language: SHA-256 over its canonical JSON."""
        return hashlib.sha256(self.shown(language)).hexdigest()

    def shown(self, language: str) -> bytes:
        """Everything that is shown to whoever signs, as canonical JSON."""
        return orjson.dumps(
            {
                "form": self.id,
                "version": self.version,
                "language": language,
                "notice": self.notice.text if self.notice else None,
                **self.languages[language].model_dump(),
            },
            option=orjson.OPT_SORT_KEYS,
        )


def by_id_and_version(found: dict[str, Form]) -> dict[tuple[str, str], Form]:
    """Forms by id and version.

    Raises:
        DataFileInvalid: two files hold the same version of a form.
    """
    known: dict[tuple[str, str], Form] = {}
    for name, form in found.items():
        if (form.id, form.version) in known:
            reason = f"another file holds version {form.version} of {form.id}"
            raise DataFileInvalid(name, 1, reason)
        known[form.id, form.version] = form
    return known


forms = data_folder(Form, __name__, "forms", by_id_and_version)
"""All forms, those that are withdrawn too, by id and version."""
