"""What requests about consents look like."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from services.intake.consents.policy.law import ElementName
from services.intake.preferences.schemas import Language, WeeklyTime
from services.intake.referrals.values import Name, Note, Zone
from shared.contracts.intake import ConsentForm, Token
from shared.web import Instant, Strict
from shared.web.texts import legible

Channel = Literal["sms", "email", "voice"]
Voicemail = Literal["none", "name_and_number", "appointment"]
PartyName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(legible),
]
Alias = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(legible),
]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Party(Strict):
    """Somebody named, or a class of people by a word of the vocabulary. Stays in this service."""

    kind: Literal["person", "organization", "class"] = Field(examples=["organization"])
    name: PartyName | None = Field(None, description="Of one.", examples=["Example Hospital"])
    word: Token | None = Field(None, description="Of a class.", examples=[None])

    @model_validator(mode="after")
    def one_is_named_and_a_class_has_a_word(self) -> Self:
        if (self.name is None) == (self.kind != "class") or (self.word is None) == (
            self.kind == "class"
        ):
            raise ValueError("Give a class a word, and a person or an organization a name.")
        return self


class Information(Strict):
    """What may be disclosed."""

    kinds: list[Token] = Field(
        min_length=1,
        max_length=20,
        description="Words of the vocabulary.",
        examples=[["attendance", "treatment_plan"]],
    )
    description: Note | None = Field(
        None, description="More precisely.", examples=["From January 2026 on."]
    )


class Purpose(Strict):
    """What it may be disclosed for."""

    word: Token = Field(
        description="Word of the vocabulary.", examples=["treatment_payment_operations"]
    )
    description: Note | None = Field(
        None, description="Needed by words that mean nothing without.", examples=[None]
    )


class Intermediary(Strict):
    """Who passes records on between its members, and to which of them."""

    name: PartyName = Field(description="The intermediary.", examples=["Example Exchange"])
    members: list[PartyName] = Field(
        default=[], max_length=20, description="By name.", examples=[["Example Hospital"]]
    )
    members_who_treat: StrictBool = Field(
        False,
        description="Those who have a treating relationship with the client; no other class can be "
        "designated (42 CFR 2.31(a)(4)(ii)(B)).",
        examples=[False],
    )


class CourtReferral(Strict):
    """The criminal justice system made treatment a condition (42 CFR 2.35)."""

    final_disposition_on: date | None = Field(
        None, description="If known; a consent with a date lasts no longer.", examples=[None]
    )
    revocable_from: date | None = Field(
        None,
        description="The terms of the form; null: at any time. No later than the final "
        "disposition.",
        examples=[None],
    )


class GivenExpiry(Strict):
    """How it ends by itself: at the end of a day, with an event, or not at all."""

    kind: Literal["date", "event", "none"] = Field(examples=["event"])
    on: date | None = Field(None, description="The last day at the site.", examples=[None])
    event: Token | None = Field(
        None, description="Word of the vocabulary.", examples=["end_of_treatment"]
    )

    @model_validator(mode="after")
    def says_what_its_kind_needs(self) -> Self:
        if (self.on is None) == (self.kind == "date") or (self.event is None) == (
            self.kind == "event"
        ):
            raise ValueError("Give the kind date a day, the kind event an event, and no more.")
        return self


class ConsentSignature(Strict):
    """Who signed, how, and when."""

    signed_by: Literal["client", "authorized_person"] = Field(examples=["client"])
    name: Name | None = Field(
        None, description="Of an authorized person (42 CFR 2.14, 2.15).", examples=[None]
    )
    relation: Token | None = Field(
        None, description="Of an authorized person to the client.", examples=[None]
    )
    method: Literal["paper_on_file", "electronic"] = Field(examples=["paper_on_file"])
    signed_on: date | None = Field(
        None, description="The date on the form.", examples=["2026-03-02"]
    )
    witness: Name | None = Field(None, description="If there was one.", examples=[None])
    document_id: Reference | None = Field(
        None, description="Where the signed document is kept.", examples=["scan-000172"]
    )

    @model_validator(mode="after")
    def an_authorized_person_is_known(self) -> Self:
        known = (self.name is None, self.relation is None)
        if known != ((True, True) if self.signed_by == "client" else (False, False)):
            raise ValueError("Name the authorized person with the relation, and nobody else.")
        return self


class MinorConsent(Strict):
    """Who consented for somebody under 18, and by which state rule (42 CFR 2.14)."""

    consented: Literal["minor", "parent_or_guardian", "both"] = Field(examples=["minor"])
    rule: Note = Field(description="The state's rule.", examples=["C.R.S. 13-22-102"])


class Channels(Strict):
    """How the client may be reached, and what may be said."""

    ways: list[Channel] = Field(
        max_length=3, description="Each once; none: not at all.", examples=[["sms", "voice"]]
    )
    uses: list[Token] = Field(
        max_length=20, description="For what: words of the vocabulary.", examples=[["appointments"]]
    )
    voicemail: Voicemail = Field(
        "none", description="What may be left on voicemail.", examples=["name_and_number"]
    )
    sender_alias: Alias | None = Field(
        None,
        description="The sender's name that the client wants; never one that tells of treatment.",
        examples=["Northside Scheduling"],
    )
    time_zone: Zone | None = Field(
        None, description="Zone of the safe times; else the site's.", examples=["America/Denver"]
    )
    safe_times: list[WeeklyTime] = Field(
        default=[], max_length=50, description="Empty: at any time that quiet hours allow."
    )


EXAMPLE: dict[str, Any] = {
    "form": "treatment_payment_operations",
    "form_version": "1.0",
    "language": "en",
    "text_digest": "0" * 64,
    "statements_shown": [
        "redisclosure_under_hipaa",
        "redisclosure",
        "right_to_revoke",
        "consequences",
        "fundraising",
    ],
    "disclosers": [{"kind": "class", "word": "this_program"}],
    "information": {"kinds": ["entire_record"]},
    "purpose": {"word": "treatment_payment_operations"},
    "recipients": [{"kind": "class", "word": "treating_providers"}],
    "expiry": {"kind": "event", "event": "end_of_treatment"},
    "signature": {
        "signed_by": "client",
        "method": "paper_on_file",
        "signed_on": "2026-03-02",
        "document_id": "scan-000172",
    },
}


class NewConsent(Strict):
    """A signed form. What it needs beside its text is said by the form; what the form does not have
    belongs to another form and is refused."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    form: ConsentForm = Field(description="The form.", examples=["treatment_payment_operations"])
    form_version: Token = Field(description="Its version.", examples=["1.0"])
    language: Language = Field(description="In which it was shown.", examples=["en"])
    text_digest: Digest = Field(
        description="Of the text that was shown, as the form tells it.", examples=["0" * 64]
    )
    statements_shown: list[ElementName] = Field(
        default=[],
        max_length=10,
        description="Statements that were shown and talked about.",
        examples=[["right_to_revoke"]],
    )
    disclosers: list[Party] = Field(default=[], max_length=10, description="Who may disclose.")
    information: Information | None = Field(None, description="What.")
    purpose: Purpose | None = Field(None, description="What for.")
    recipients: list[Party] = Field(default=[], max_length=20, description="To whom.")
    intermediary: Intermediary | None = Field(None, description="Through whom, and to whom.")
    court_referral: CourtReferral | None = Field(None, description="If there was one.")
    channels: Channels | None = Field(None, description="How the client may be reached.")
    expiry: GivenExpiry | None = Field(None, description="How it ends by itself.")
    signature: ConsentSignature | None = Field(None, description="Who signed.")
    minor: MinorConsent | None = Field(
        None, description="For somebody under 18 when it was signed."
    )


class NewRevocation(Strict):
    """A client took a consent back."""

    how: Literal["written", "oral_recorded"] = Field(
        description="In writing, or said and taken down by staff.", examples=["written"]
    )
    received_at: Instant | None = Field(
        None, description="When it arrived, from which instant it holds; now when absent."
    )
    done_in_reliance: Note | None = Field(
        None,
        description="What had been done in reliance on it, which stands (42 CFR 2.31(a)(6)).",
        examples=["Discharge plan sent on 2 March."],
    )
    document_id: Reference | None = Field(
        None, description="Where the note is kept.", examples=["scan-000180"]
    )


class NewConsentEvent(Strict):
    """An event came up to which consents were given."""

    event: Token = Field(description="Word of the vocabulary.", examples=["final_disposition"])
