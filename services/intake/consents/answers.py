"""What answers about consents look like."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.intake.consents.policy.forms import Block, Element, Form
from services.intake.consents.rules.states import State
from services.intake.consents.schemas import Channel, Channels, NewConsent, Voicemail
from services.intake.preferences.schemas import WeeklyTime
from shared.contracts.intake import ConsentForm, Token
from shared.web import Instant, Shown


class Consent(Shown):
    """A consent without whom it names, and without what it is about."""

    id: UUID
    client_id: UUID
    site_id: UUID
    form: ConsentForm = Field(examples=["treatment_payment_operations"])
    form_version: str = Field(examples=["1.0"])
    state: State = Field(examples=["granted"])
    signed_on: date
    expires_on: date | None = Field(description="The last day, at the site.")
    expires_with: str | None = Field(
        description="The event that ends it.", examples=["end_of_treatment"]
    )
    granted_at: Instant
    ended_at: Instant | None
    version: int = Field(description="The ETag.", examples=[1])


class Revocation(Shown):
    """How a consent was taken back."""

    how: Literal["written", "oral_recorded"] = Field(examples=["written"])
    received_at: Instant = Field(description="It holds from this instant on.")
    done_in_reliance: str | None = Field(description="What stands.", examples=[None])
    document_id: str | None = Field(examples=["scan-000180"])
    recorded_by: str = Field(description="Subject of the token.", examples=["front-desk-2"])
    recorded_at: Instant


class ShownText(Shown):
    """The text that was shown to whoever signed."""

    language: str = Field(examples=["en"])
    title: str = Field(examples=["Consent to treatment"])
    blocks: list[Block]
    notice: str | None = Field(
        description="What goes along with each disclosure (42 CFR 2.32).",
        examples=["42 CFR part 2 prohibits unauthorized use or disclosure of these records."],
    )


class ConsentInFull(Consent):
    """A consent with its text, its scope, whom it names, who signed, and how it ended."""

    entered_by: str = Field(description="Subject of the token.", examples=["front-desk-2"])
    given: NewConsent
    text: ShownText
    revocation: Revocation | None


class FormText(Shown):
    """A form in one language, with the digest that a consent gives back."""

    form: ConsentForm = Field(examples=["treatment"])
    version: str = Field(examples=["1.0"])
    language: str = Field(examples=["en"])
    title: str = Field(examples=["Consent to treatment"])
    blocks: list[Block]
    digest: str = Field(examples=["0" * 64])
    source: str = Field(examples=["42 CFR 2.31"])
    elements: list[Element]
    information: list[Token] = Field(examples=[["entire_record"]])
    purposes: list[Token] = Field(examples=[["treatment_payment_operations"]])
    recipients: list[str] = Field(examples=[["class"]])
    recipient_classes: list[Token] = Field(examples=[["treating_providers"]])
    expiry: list[str] = Field(examples=[["date", "event"]])
    expiry_events: list[Token] = Field(examples=[["end_of_treatment"]])
    may_be_court_referral: bool
    withdrawn_on: date | None
    notice: str | None = Field(examples=[None])

    @classmethod
    def of(cls, form: Form, language: str) -> "FormText":
        """A form as it is shown."""
        return cls.from_row(
            {
                **dict(form),
                **dict(form.languages[language]),
                "form": form.id,
                "language": language,
                "digest": form.digest(language),
                "expiry": form.expiry.kinds,
                "expiry_events": form.expiry.events,
                "notice": form.notice.text if form.notice else None,
            }
        )


class InForce(Shown):
    """A consent that holds now."""

    consent_id: UUID
    form: ConsentForm = Field(examples=["named_recipient"])
    information: list[Token] = Field(
        description="What may be disclosed, all words that are included.", examples=[["attendance"]]
    )
    purposes: list[Token] = Field(examples=[["treatment"]])
    expires_on: date | None
    expires_with: str | None = Field(examples=["end_of_treatment"])


class ContactChannels(Shown):
    """How a client may be reached now."""

    consent_id: UUID
    channels: list[Channel] = Field(examples=[["sms"]])
    uses: list[Token] = Field(examples=[["appointments"]])
    voicemail: Voicemail = Field(examples=["none"])
    sender_alias: str | None = Field(examples=["Northside Scheduling"])
    time_zone: str | None = Field(
        description="Zone of the safe times; null: the site's.", examples=["America/Denver"]
    )
    safe_times: list[WeeklyTime]

    @classmethod
    def of(cls, consent_id: UUID, given: Channels) -> "ContactChannels":
        """What a consent says."""
        return cls.from_row({**dict(given), "consent_id": consent_id, "channels": given.ways})


class AllowedNow(Shown):
    """What a client's consents allow at this instant; without whom they name."""

    client_id: UUID
    site_id: UUID
    at: Instant
    treatment: bool = Field(description="There is a consent to treatment.")
    treatment_payment_operations: bool = Field(description="There is one TPO consent.")
    consents: list[InForce]
    contact_channels: ContactChannels | None = Field(
        description="Null: the client agreed to no way of being reached."
    )


class ConsentEvent(Shown):
    """An event came, and consents ended with it."""

    id: UUID
    client_id: UUID
    site_id: UUID
    event: str = Field(examples=["final_disposition"])
    recorded_at: Instant
    expired: list[UUID] = Field(description="The consents that ended with it.")
