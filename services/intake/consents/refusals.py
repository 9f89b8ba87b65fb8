"""Why a consent, or its revocation, is not taken."""

from shared.errors import Conflict, Invalid


class UnknownForm(Invalid):
    """There is no such version of the form, or not in that language."""


class FormWithdrawn(Invalid):
    """The form was out of use when it was signed."""

    title = "Form was withdrawn"


class OtherText(Invalid):
    """The text that was shown is not the text of the form."""

    title = "Another text was shown"


class DeficientConsent(Invalid):
    """Something is missing without which it is no consent (42 CFR 2.31(c))."""

    title = "Consent is deficient"


class CombinedConsent(Invalid):
    """It holds what belongs to another form."""

    title = "Consents are not combined"


class UnknownConsentWord(Invalid):
    """The word is none of this form, or is there twice."""

    title = "Unknown word"


class ImpossibleSigningDate(Invalid):
    """Nobody signs in the future, or before being born."""

    title = "Impossible date of signing"


class ImpossibleExpiry(Invalid):
    """The form does not end that way, or it would have ended already."""


class OutlastsCourtReferral(Invalid):
    """It would last longer than to the final disposition of the case (42 CFR 2.35)."""

    title = "Lasts longer than the case"


class ClientOfAge(Invalid):
    """The client was of age on the day of signing."""

    title = "Client was of age"


class RevealingAlias(Invalid):
    """The sender's name would tell of treatment (42 CFR 2.11)."""

    title = "Sender's name tells of treatment"


class NewerConsentInForce(Conflict):
    """A later signed consent by the same form is in force."""

    title = "A newer consent is in force"


class RevokedSince(Conflict):
    """The client took back a consent by this form after signing this one."""

    title = "Revoked since it was signed"


class ConsentEnded(Conflict):
    """It was revoked, has expired, or was replaced."""

    title = "Consent has ended"


class NotRevocableYet(Conflict):
    """By the terms of a court referral it may be revoked later (42 CFR 2.35(c))."""


class ImpossibleReceipt(Invalid):
    """A revocation arrives after the consent was given, and not in the future."""

    title = "Impossible time of receipt"
