"""What is no consent, with a pointer and the source of the rule."""

from collections.abc import Container, Sequence
from datetime import date

from services.intake.consents.policy.forms import Form, forms
from services.intake.consents.policy.law import ElementName
from services.intake.consents.policy.vocabulary import vocabulary
from services.intake.consents.refusals import (
    ClientOfAge,
    CombinedConsent,
    DeficientConsent,
    FormWithdrawn,
    ImpossibleExpiry,
    ImpossibleSigningDate,
    OtherText,
    OutlastsCourtReferral,
    RevealingAlias,
    UnknownConsentWord,
    UnknownForm,
)
from services.intake.consents.rules.deficiency import first_foreign, first_missing
from services.intake.consents.rules.expiry import outlasts_disposition
from services.intake.consents.schemas import Channels, ConsentSignature, NewConsent, Party
from services.intake.preferences.checks import check_times
from services.intake.referrals.rules import age_on

OF_AGE = 18
LONGEST_YEARS = 100
"""A last day further ahead is a slip of the pen."""


def form_of(new: NewConsent) -> Form:
    """The form that was signed, in the very text that was shown.

    Raises:
        UnknownForm, OtherText: with a pointer.
    """
    form = forms().get((new.form, new.form_version))
    if form is None:
        raise UnknownForm("There is no such version of this form.", pointer="/form_version")
    if new.language not in form.languages:
        raise UnknownForm("This form is not there in this language.", pointer="/language")
    if new.text_digest != form.digest(new.language):
        raise OtherText(
            "This is not the digest of the form's text: show the text anew and have that signed.",
            pointer="/text_digest",
        )
    return form


def check(new: NewConsent, form: Form, birth_date: date, today: date) -> date:
    """Refuse what lacks something or holds too much; the day on which it was signed.

    Raises:
        CombinedConsent, DeficientConsent, UnknownConsentWord, ImpossibleSigningDate, FormWithdrawn,
        ImpossibleExpiry, OutlastsCourtReferral, ClientOfAge, RevealingAlias, SlotEndsBeforeStart,
        SlotsOverlap: with a pointer.
    """
    filled = _filled(new)
    if (foreign := first_foreign(form, filled)) is not None:
        raise CombinedConsent(
            f"This form has no {foreign[0]}: a consent to that has a form of its own "
            "(42 CFR 2.31(b) and (d)).",
            pointer=foreign[1],
        )
    if new.court_referral is not None and not form.may_be_court_referral:
        raise CombinedConsent(
            "This form does not serve a court referral (42 CFR 2.35).", pointer="/court_referral"
        )
    if (missing := first_missing(form, filled, new.statements_shown)) is not None:
        element, pointer = missing
        raise DeficientConsent(
            f"Element {element.number}, {element.name}, is missing ({element.source}).",
            pointer=pointer,
        )
    signature = new.signature
    assert signature is not None
    assert signature.signed_on is not None
    _check_words(new, form)
    _check_signature(signature, form, birth_date, today)
    _check_age(new, age_on(birth_date, signature.signed_on) < OF_AGE)
    _check_expiry(new, form, today)
    if new.channels is not None:
        _check_channels(new.channels)
    return signature.signed_on


def _filled(new: NewConsent) -> set[ElementName]:
    signature = new.signature
    intermediary = new.intermediary
    given: dict[ElementName, object] = {
        "discloser": new.disclosers,
        "information": new.information,
        "recipient": new.recipients,
        "intermediary": intermediary and (intermediary.members or intermediary.members_who_treat),
        "purpose": new.purpose,
        "expiry": new.expiry,
        "signature": signature,
        "date_signed": signature and signature.signed_on,
        "channels": new.channels,
    }
    return {name for name, value in given.items() if value}


def _check_words(new: NewConsent, form: Form) -> None:
    words = vocabulary()
    if new.information is not None:
        _check_each(new.information.kinds, form.information, "/information/kinds")
    if new.purpose is not None:
        if new.purpose.word not in form.purposes:
            raise UnknownConsentWord(
                "Use a purpose of this form; others have forms of their own.",
                pointer="/purpose/word",
            )
        if words.purposes[new.purpose.word].described and new.purpose.description is None:
            raise DeficientConsent(
                "Element 5, purpose, needs a description with this word (42 CFR 2.31(a)(5)).",
                pointer="/purpose/description",
            )
    _check_parties(
        new.disclosers, ("person", "organization", "class"), words.disclosers, "/disclosers"
    )
    _check_parties(new.recipients, form.recipients, form.recipient_classes, "/recipients")


def _check_each(given: Sequence[str], known: Container[str], at: str) -> None:
    for n, word in enumerate(given):
        if word not in known or word in given[:n]:
            raise UnknownConsentWord(
                "Use each word of this form once at most; others have forms of their own.",
                pointer=f"{at}/{n}",
            )


def _check_parties(
    parties: Sequence[Party], kinds: Container[str], classes: Container[str], at: str
) -> None:
    for n, party in enumerate(parties):
        if party.kind not in kinds:
            raise UnknownConsentWord(
                "This form names each of them: no class will do (42 CFR 2.31(a)(4)).",
                pointer=f"{at}/{n}/kind",
            )
        if party.word is not None and party.word not in classes:
            raise UnknownConsentWord("Use a class of this form.", pointer=f"{at}/{n}/word")


def _check_signature(
    signature: ConsentSignature, form: Form, birth_date: date, today: date
) -> None:
    signed_on = signature.signed_on
    assert signed_on is not None
    if not birth_date <= signed_on <= today:
        raise ImpossibleSigningDate(
            "It was signed between the client's birth and today, by the site's date.",
            pointer="/signature/signed_on",
        )
    if form.withdrawn_on is not None and signed_on >= form.withdrawn_on:
        raise FormWithdrawn(
            f"This version was out of use from {form.withdrawn_on} on.", pointer="/form_version"
        )
    if signature.relation is not None and signature.relation not in vocabulary().relations:
        raise UnknownConsentWord("Use a word of the vocabulary.", pointer="/signature/relation")


def _check_age(new: NewConsent, is_minor: bool) -> None:
    if is_minor and new.minor is None:
        raise DeficientConsent(
            "Say who consented for the minor, and by which state rule (42 CFR 2.14).",
            pointer="/minor",
        )
    if new.minor is not None and not is_minor:
        raise ClientOfAge("The client was 18 or older on that day.", pointer="/minor")


def _check_expiry(new: NewConsent, form: Form, today: date) -> None:
    expiry = new.expiry
    assert expiry is not None
    if expiry.kind not in form.expiry.kinds:
        raise ImpossibleExpiry(
            "This form needs a date or an event with which it ends (42 CFR 2.31(a)(7)).",
            pointer="/expiry/kind",
        )
    if expiry.event is not None and expiry.event not in form.expiry.events:
        raise ImpossibleExpiry("Use an event of this form.", pointer="/expiry/event")
    if expiry.on is not None and expiry.on < today:
        raise ImpossibleExpiry("It would have ended already.", pointer="/expiry/on")
    if expiry.on is not None and expiry.on.year > today.year + LONGEST_YEARS:
        raise ImpossibleExpiry("The last day lies too far ahead.", pointer="/expiry/on")
    is_for_court = new.purpose is not None and new.purpose.word == "court_referral"
    if is_for_court and new.court_referral is None:
        raise DeficientConsent(
            "Give the terms of the court referral (42 CFR 2.35).", pointer="/court_referral"
        )
    if (court := new.court_referral) is None:
        return
    if not is_for_court:
        raise CombinedConsent(
            "Only the purpose court_referral has these terms (42 CFR 2.35).",
            pointer="/court_referral",
        )
    if outlasts_disposition(expiry.on, expiry.event, court.final_disposition_on):
        raise OutlastsCourtReferral(
            "Let it end with the final disposition, or on a date that is not after it "
            "(42 CFR 2.35(b)).",
            pointer="/expiry",
        )
    end = court.final_disposition_on
    if court.revocable_from is not None and (end is None or court.revocable_from > end):
        raise OutlastsCourtReferral(
            "It is revocable at the final disposition at the latest, and its date has to be known "
            "(42 CFR 2.35(c)).",
            pointer="/court_referral/revocable_from",
        )


def _check_channels(channels: Channels) -> None:
    words = vocabulary()
    _check_each(channels.ways, ("sms", "email", "voice"), "/channels/ways")
    _check_each(channels.uses, words.contact_uses, "/channels/uses")
    if channels.ways and not channels.uses:
        raise DeficientConsent(
            "Say what the client may be reached for (47 CFR 64.1200(a)(1)).",
            pointer="/channels/uses",
        )
    if channels.voicemail != "none" and "voice" not in channels.ways:
        raise CombinedConsent(
            "Nothing is left on voicemail of those who are not called.",
            pointer="/channels/voicemail",
        )
    if channels.sender_alias is not None and words.is_revealing(channels.sender_alias):
        raise RevealingAlias(
            "Choose a sender's name without a word that tells of treatment (42 CFR 2.11).",
            pointer="/channels/sender_alias",
        )
    check_times(channels.safe_times, "/channels/safe_times")
