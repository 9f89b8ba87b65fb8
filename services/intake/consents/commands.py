"""Giving a consent and taking it back."""

from datetime import date
from uuid import UUID

from services.intake.consents.answers import Consent, ConsentEvent, Revocation
from services.intake.consents.checks import check, form_of
from services.intake.consents.expiry import expire_by_event, expire_overdue
from services.intake.consents.policy.vocabulary import vocabulary
from services.intake.consents.queries import lock_consent
from services.intake.consents.refusals import (
    ConsentEnded,
    ImpossibleReceipt,
    NewerConsentInForce,
    NotRevocableYet,
    RevokedSince,
    UnknownConsentWord,
)
from services.intake.consents.rules.expiry import end_of_day
from services.intake.consents.rules.states import after, state_at
from services.intake.consents.schemas import NewConsent, NewConsentEvent, NewRevocation
from services.intake.directory.queries import zone_of
from services.intake.preferences.commands import weekly
from services.intake.referrals.queries import show_client
from shared.calendar import day_at
from shared.contracts.intake import ConsentGranted, ConsentRevoked
from shared.database import Transaction, insert, together, update
from shared.errors import require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

LATEST = """
SELECT
  max(signed_on) FILTER (WHERE state = 'granted' AND (expires_at IS NULL OR expires_at > $3))
    AS in_force_of,
  coalesce(bool_or(state = 'granted' AND expires_at <= $3), false) AS is_overdue,
  max(ended_at) FILTER (WHERE state = 'revoked') AS revoked_at
FROM consents_of_persons WHERE client_id = ANY (platform.records_of($1)) AND form = $2
"""
SUPERSEDE = """
UPDATE consents SET state = $3, ended_at = $4, version = version + 1
WHERE client_id = $1 AND form = $2 AND state = 'granted'
"""


async def grant_consent(
    tx: Transaction, client_id: UUID, new: NewConsent, *, entered_by: str
) -> Consent:
    """Keep a signed consent; publishes ConsentGranted, without whom it names.

    Of the forms of which a client has one in force at most, it takes the place of the former one.

    Raises:
        NotFound: no such client.
        UnknownForm, OtherText, and what `checks.check` raises: it is no consent.
        NewerConsentInForce, RevokedSince: it was signed before what holds now.
    """
    form = form_of(new)
    client = await show_client(tx, client_id, lock=True)
    zone = await zone_of(tx, client.site_id)
    signed_on = check(new, form, client.birth_date, day_at(tx.now, zone))
    assert new.expiry is not None
    if form.single:
        await _supersede(tx, client_id, form.id, signed_on, zone)
    expires_on = new.expiry.on
    made = Consent(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        form=form.id,
        form_version=form.version,
        state="granted",
        signed_on=signed_on,
        expires_on=expires_on,
        expires_with=new.expiry.event,
        granted_at=tx.now,
        ended_at=None,
        version=1,
    )
    shown = {
        "site_id": client.site_id,
        "digest": new.text_digest,
        "form": form.id,
        "form_version": form.version,
        "language": new.language,
        "shown": form.shown(new.language).decode(),
    }
    row = {
        **made.model_dump(),
        "language": new.language,
        "text_digest": new.text_digest,
        "single": form.single,
        "details": new.model_dump_json(),
        "expires_at": None if expires_on is None else end_of_day(expires_on, zone),
        "entered_by": entered_by,
    }
    await tx.execute(
        *together(
            insert("consent_texts", shown, suffix="ON CONFLICT DO NOTHING"),
            insert("consents", row),
        )
    )
    channels = new.channels
    publish(
        tx,
        ConsentGranted(
            client_id=client_id,
            site_id=client.site_id,
            consent_id=made.id,
            form=form.id,
            channels=channels.ways if channels else [],
            voicemail=channels.voicemail if channels else None,
            expires_on=expires_on,
            granted_at=tx.now,
            uses=channels.uses if channels else [],
            safe_times=weekly(channels.safe_times) if channels else [],
            time_zone=channels.time_zone if channels else None,
        ),
    )
    return made


async def _supersede(
    tx: Transaction, client_id: UUID, form: str, signed_on: date, zone: str
) -> None:
    latest = await tx.fetchrow(LATEST, client_id, form, tx.now)
    assert latest is not None
    if latest["is_overdue"]:
        await expire_overdue(tx, client_id, form)
    if latest["in_force_of"] is not None and latest["in_force_of"] > signed_on:
        raise NewerConsentInForce(
            "A consent by this form that was signed later is in force.",
            pointer="/signature/signed_on",
        )
    if latest["revoked_at"] is not None and day_at(latest["revoked_at"], zone) > signed_on:
        raise RevokedSince(
            "The client revoked a consent by this form after this one was signed: have it signed "
            "anew.",
            pointer="/signature/signed_on",
        )
    if latest["in_force_of"] is not None:
        await tx.execute(SUPERSEDE, client_id, form, after("granted", "supersede"), tx.now)


async def revoke_consent(
    tx: Transaction, consent_id: UUID, expected: int, new: NewRevocation, *, recorded_by: str
) -> Consent:
    """Take a consent back, from the instant at which the client's word arrived; publishes
    ConsentRevoked. What was done in reliance on it stands (42 CFR 2.31(a)(6)).

    Raises:
        NotFound: no such consent.
        StaleVersion: somebody changed it meanwhile.
        ConsentEnded: it holds no more.
        ImpossibleReceipt: it arrived in the future, or before the consent was entered.
        NotRevocableYet: by the terms of a court referral.
    """
    row = await lock_consent(tx, consent_id)
    require_version(row["version"], expected)
    state = after(state_at(row["state"], row["expires_at"], tx.now), "revoke")
    if state is None:
        raise ConsentEnded("It was revoked, has expired, or was replaced.")
    received_at = new.received_at or tx.now
    if not row["granted_at"] <= received_at <= tx.now:
        raise ImpossibleReceipt(
            "It arrived after the consent was entered and not in the future.",
            pointer="/received_at",
        )
    court = NewConsent.model_validate_json(row["details"]).court_referral
    terms = None if court is None else court.revocable_from
    if terms is not None and day_at(received_at, row["time_zone"]) < terms:
        raise NotRevocableYet(
            f"By the terms of the court referral it is revocable from {terms} on (42 CFR 2.35(c))."
        )
    given = {**dict(new), "received_at": received_at}
    revocation = Revocation(**given, recorded_by=recorded_by, recorded_at=tx.now)
    changes = {"state": state, "ended_at": received_at}
    kept = {**changes, "revocation": revocation.model_dump_json()}
    await tx.execute(*update("consents", kept, where={"id": consent_id}))
    publish(
        tx,
        ConsentRevoked(
            client_id=row["client_id"],
            site_id=row["site_id"],
            consent_id=consent_id,
            form=row["form"],
            revoked_at=received_at,
        ),
    )
    return Consent.from_row(row).changed(**changes)


async def record_consent_event(
    tx: Transaction, client_id: UUID, new: NewConsentEvent, *, recorded_by: str
) -> ConsentEvent:
    """Record that an event came, and let the consents that were given up to it expire.

    Raises:
        NotFound: no such client.
        UnknownConsentWord: no consent can be given up to that.
    """
    if new.event not in vocabulary().events:
        raise UnknownConsentWord("Use an event of the vocabulary.", pointer="/event")
    client = await show_client(tx, client_id, lock=True)
    expired = await expire_by_event(tx, client_id, new.event)
    event = ConsentEvent(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        event=new.event,
        recorded_at=tx.now,
        expired=expired,
    )
    row = {**event.model_dump(exclude={"expired"}), "recorded_by": recorded_by}
    await tx.execute(*insert("consent_events", row))
    return event
