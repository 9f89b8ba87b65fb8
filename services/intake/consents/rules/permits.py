"""Whether something may be disclosed now, by which consent, and else why not. No I/O, no clock.

The instant that counts is the one at which it is disclosed, not the one at which it was planned: a
job that was queued before a revocation and runs after it discloses nothing.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.intake.consents.policy.vocabulary import COUNSELING_NOTES, LEGAL_PROCEEDINGS
from services.intake.consents.rules.states import State
from shared.contracts.intake import ConsentForm

Why = Literal[
    "allowed",
    "no_consent",
    "separate_form_needed",
    "other_recipient",
    "other_purpose",
    "other_information",
    "not_granted_yet",
    "revoked",
    "expired",
    "superseded",
]
"""In the order in which a consent is looked at; the reason told is that of the consent that came
closest."""
ORDER: tuple[Why, ...] = (
    "no_consent",
    "separate_form_needed",
    "other_recipient",
    "other_purpose",
    "other_information",
    "not_granted_yet",
    "superseded",
    "expired",
    "revoked",
    "allowed",
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who would receive something. `classes` are words such as `health_plans`; `through` names the
    intermediary that would pass it on."""

    name: str
    classes: frozenset[str] = frozenset()
    treats_client: bool = False
    through: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What of a consent decides. Words are widened: `entire_record` stands with all it includes."""

    id: UUID
    form: ConsentForm
    state: State
    granted_at: datetime
    ended_at: datetime | None
    """When it was revoked, expired or was superseded; it holds before that instant."""
    expires_at: datetime | None
    information: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    """Recipients, or members of the intermediary, as `known_as` makes names."""
    classes: frozenset[str] = frozenset()
    intermediary: str | None = None
    members_who_treat: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed; by which consent, or which one came closest; and why."""

    allowed: bool
    consent_id: UUID | None
    why: Why


def known_as(name: str) -> str:
    """A name without what people write in one way or the other: case and spaces."""
    return " ".join(name.casefold().split())


def permits(
    consents: Iterable[Consent],
    purpose: str,
    recipient: Recipient,
    information: Set[str],
    at: datetime,
) -> Decision:
    """Whether `information` may be disclosed to `recipient` for `purpose` at an instant.

    One consent has to allow all of it. SUD counseling notes are disclosed by their own form alone,
    and alone (42 CFR 2.31(b)); into proceedings, by that form alone (2.31(d)). Forms for treatment
    and contact channels disclose nothing. Asking for nothing is allowed by no consent.
    """
    closest = Decision(False, None, "no_consent")
    latest: datetime | None = None
    for one in consents:
        why = _answer(one, purpose, recipient, information, at)
        far, reached = ORDER.index(why), ORDER.index(closest.why)
        newer = latest is None or (one.granted_at, one.id) > (latest, closest.consent_id)
        if far > reached or (far == reached and why != "no_consent" and newer):
            closest, latest = Decision(why == "allowed", one.id, why), one.granted_at
    return closest


def _answer(
    one: Consent, purpose: str, recipient: Recipient, information: Set[str], at: datetime
) -> Why:
    if one.form in ("treatment", "contact_channels") or not information:
        return "no_consent"
    if (one.form == COUNSELING_NOTES) != (COUNSELING_NOTES in information) or (
        one.form == LEGAL_PROCEEDINGS
    ) != (purpose == LEGAL_PROCEEDINGS):
        return "separate_form_needed"
    if not _is_named(one, recipient):
        return "other_recipient"
    if purpose not in one.purposes:
        return "other_purpose"
    if not information <= one.information:
        return "other_information"
    return _at(one, at)


def _is_named(one: Consent, recipient: Recipient) -> bool:
    named = known_as(recipient.name) in one.names
    if one.form == "intermediary":
        return (
            one.intermediary is not None
            and recipient.through is not None
            and known_as(recipient.through) == one.intermediary
            and (named or (one.members_who_treat and recipient.treats_client))
        )
    return recipient.through is None and (named or not one.classes.isdisjoint(recipient.classes))


def _at(one: Consent, at: datetime) -> Why:
    if at < one.granted_at:
        return "not_granted_yet"
    if one.ended_at is not None and one.ended_at <= at and one.state != "granted":
        return one.state
    if one.expires_at is not None and one.expires_at <= at:
        return "expired"
    return "allowed"
