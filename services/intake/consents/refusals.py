"""Why a consent, or its revocation, is not taken."""

from shared.errors import Conflict, Invalid


class UnknownForm(Invalid):
    """There is no such version of the form, or not in that language."""


class FormWithdrawn(Invalid, title="Form was withdrawn"):
    """The form was out of use when it was signed."""


class OtherText(Invalid, title="Another text was shown"):
    """The text that was shown is not the text of the form."""


class DeficientConsent(Invalid, title="Consent is deficient"):
    """Something is missing without which it is no consent (42 CFR 2.31(c))."""


class CombinedConsent(Invalid, title="Consents are not combined"):
    """It holds what belongs to another form."""


class UnknownConsentWord(Invalid, title="Unknown word"):
    """The word is none of this form, or is there twice."""


class ImpossibleSigningDate(Invalid, title="Impossible date of signing"):
    """Nobody signs in the future, or before being born."""


class ImpossibleExpiry(Invalid):
    """The form does not end that way, or it would have ended already."""


class OutlastsCourtReferral(Invalid, title="Lasts longer than the case"):
    """It would last longer than to the final disposition of the case (42 CFR 2.35)."""


class ClientOfAge(Invalid, title="Client was of age"):
    """The client was of age on the day of signing."""


class RevealingAlias(Invalid, title="Sender's name tells of treatment"):
    """The sender's name would tell of treatment (42 CFR 2.11)."""


class NewerConsentInForce(Conflict, title="A newer consent is in force"):
    """A later signed consent by the same form is in force."""


class RevokedSince(Conflict, title="Revoked since it was signed"):
    """The client took back a consent by this form after signing this one."""


class ConsentEnded(Conflict, title="Consent has ended"):
    """It was revoked, has expired, or was replaced."""


class NotRevocableYet(Conflict):
    """By the terms of a court referral it may be revoked later (42 CFR 2.35(c))."""


class ImpossibleReceipt(Invalid, title="Impossible time of receipt"):
    """A revocation arrives after the consent was given, and not in the future."""
