"""What requests and answers about referrals and clients look like."""

from datetime import date
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from services.intake.matching.names import words_of
from services.intake.referrals.details import Details
from services.intake.referrals.values import Email, Name, NamePart, Phone, Zone
from shared.contracts.intake import ReferralReason, ReferralState, Referrer
from shared.web import Instant, Shown, Strict
from shared.web.models import BadCursor, decode_cursor

Gender = Literal["woman", "man", "non_binary", "undisclosed"]
Sex = Literal["female", "male", "unknown"]
Channel = Literal["email", "log"]
Way = Literal["email", "sms", "voice"]
CorrectionReason = Literal["entered_wrongly", "changed"]


class Named(Strict):
    """Somebody by their legal name. One is enough: it may be absent, null or blank which of the two
    they do not have, but not both.

    Source: ICAO Doc 9303, part 3, 4.6 (the secondary identifier may be absent); FHIR HumanName, in
    which neither `family` nor `given` is required.
    """

    given_name: NamePart = Field(
        None, description="Given name; absent for who has none.", examples=["Client 01"]
    )
    family_name: NamePart = Field(
        None, description="Family name, or the only name.", examples=["Example"]
    )

    @model_validator(mode="after")
    def has_a_name(self) -> Self:
        if self.given_name is None and self.family_name is None:
            raise ValueError("Give a given name, a family name, or both.")
        return self


class Person(Named):
    """Who was referred."""

    birth_date: date = Field(description="Date of birth.", examples=["1988-04-17"])
    gender: Gender = Field(
        "undisclosed", description="As stated; decides on gender-specific groups.", examples=["man"]
    )
    sex_at_birth: Sex = Field(
        "unknown", description="Decides on the cut of AUDIT-C only.", examples=["male"]
    )


class Identity(Named):
    """Who a client is, as it should have been known or has become; a name that is absent here is
    taken away."""

    birth_date: date = Field(description="Date of birth.", examples=["1988-04-17"])
    sex_at_birth: Sex = Field(
        description="Decides on the cut of AUDIT-C only; what is scored stays.", examples=["male"]
    )
    reason: CorrectionReason = Field(
        description="`changed` for a new legal name.", examples=["entered_wrongly"]
    )


class NameSearch(Strict):
    """Which clients are listed by name. A name is no part of an address, so all of it is sent in
    the body, the cursor too."""

    name_begins: Name | None = Field(
        None,
        description="How the family name, or the only name, begins; absent for all.",
        examples=["Exam"],
    )
    site_id: UUID | None = Field(None, description="Clients of one site only.", examples=[None])
    merged: bool = Field(False, description="Also those merged into another one.")
    cursor: str | None = Field(
        None, max_length=2_000, description="`next` of the page before.", examples=[None]
    )
    limit: int = Field(50, ge=1, le=200, description="Items a page.", examples=[50])

    @field_validator("name_begins")
    @classmethod
    def can_be_looked_for(cls, begins: str | None) -> str | None:
        if begins is not None and not words_of(begins):
            raise ValueError("Give at least one letter or digit.")
        return begins

    def place(self) -> tuple[str, UUID]:
        """Behind which name and which client the page begins.

        Raises:
            BadCursor: the cursor was not given out by this list.
        """
        if self.cursor is None:
            return "", UUID(int=0)
        client, _, place = decode_cursor(self.cursor).partition(" ")
        try:
            return place, UUID(client)
        except ValueError:
            raise BadCursor("Use a `next` value of this list.", pointer="/cursor") from None


class ContactDetails(Strict):
    """How a client wants to be reached."""

    channel: Channel = Field(description="`log` sends nothing out.", examples=["email"])
    email: Email | None = Field(None, description="E-mail.", examples=["client-01@example.test"])
    phone: Phone | None = Field(None, description="E.164 number.", examples=["+13035550100"])
    time_zone: Zone | None = Field(
        None, description="Zone the client stated; else the site's.", examples=["America/Denver"]
    )

    preferred: Way | None = Field(
        None,
        description="The way asked for first, before `channel`; text messages and calls need a "
        "phone.",
        examples=["sms"],
    )

    @model_validator(mode="after")
    def address_for_channel(self) -> Self:
        if "email" in (self.channel, self.preferred) and self.email is None:
            raise ValueError("The channel email needs an email.")
        if self.preferred in ("sms", "voice") and self.phone is None:
            raise ValueError("Text messages and calls need a phone.")
        return self


class Referring(Strict):
    """Who referred, and what they told."""

    source: Referrer = Field(description="Who referred.", examples=["residential"])
    details: Details | None = Field(
        None, description="What such a referrer tells; of the kind that belongs to `source`."
    )


class NewReferral(Referring):
    """A referral to a site."""

    site_id: UUID = Field(
        description="The site.", examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"]
    )
    person: Person = Field(description="Who was referred.")
    contact: ContactDetails = Field(description="How to reach them.")


class FurtherReferral(Referring):
    """A referral of somebody who is a client of the site already."""


class ReferralStateChange(Strict):
    """What became of a referral."""

    state: Literal["contacted", "redirected", "declined", "lost"] = Field(
        description="`accepted` comes by the enrolment, what lies before by what is done.",
        examples=["redirected"],
    )
    reason: ReferralReason | None = Field(
        None,
        description="Needed where it ends, and one that fits that end.",
        examples=["higher_level_needed"],
    )


class ReferralDetails(Strict):
    """What the referrer tells now."""

    details: Details | None = Field(description="Null to know nothing of it.")


class Referral(Shown):
    """A referral, as far as it has come."""

    id: UUID
    client_id: UUID = Field(description="Pseudonymous id of the client in all services.")
    site_id: UUID
    source: Referrer
    details: Details | None
    state: ReferralState
    reason: ReferralReason | None
    received_at: Instant
    changed_at: Instant
    ended_at: Instant | None
    version: int = Field(description="The ETag.", examples=[1])


class Client(Shown):
    """A client, with the person's data."""

    client_key: ClassVar[str] = "id"

    id: UUID
    site_id: UUID
    given_name: str | None = Field(description="Null for who has none.", examples=["Client 01"])
    family_name: str | None = Field(description="Null for who has none.", examples=["Example"])
    birth_date: date
    gender: Gender
    sex_at_birth: Sex
    created_at: Instant
    merged_into: UUID | None = Field(
        None, description="The client that goes on for this one, which is the same person."
    )
    version: int = Field(description="The ETag.", examples=[1])


class IdentityCorrection(Shown):
    """What was known of a client before a correction."""

    id: UUID
    client_id: UUID
    site_id: UUID
    given_name: str | None = Field(examples=["Cleint 01"])
    family_name: str | None = Field(examples=["Example"])
    birth_date: date = Field(examples=["1988-07-14"])
    sex_at_birth: Sex
    reason: CorrectionReason
    corrected_by: str = Field(description="Who corrected it.", examples=["front-desk-7"])
    corrected_at: Instant


class Contact(Shown):
    """How a client is reached now."""

    client_id: UUID
    site_id: UUID
    channel: Channel
    email: str | None
    phone: str | None
    time_zone: str | None
    preferred: Way | None
    changed_at: Instant
    version: int = Field(description="The ETag.", examples=[1])
