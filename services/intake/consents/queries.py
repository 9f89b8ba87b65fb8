"""Consents as they are read, and what they allow now."""

from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.intake.consents.answers import (
    AllowedNow,
    Consent,
    ConsentInFull,
    ContactChannels,
    InForce,
    Revocation,
    ShownText,
)
from services.intake.consents.policy.vocabulary import vocabulary
from services.intake.consents.rules import permits
from services.intake.consents.rules.states import state_at
from services.intake.consents.schemas import NewConsent
from services.intake.referrals.queries import hold_client, require_client, show_client
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

Row = asyncpg.Record | dict[str, Any]
COLUMNS = """c.id, c.client_id, c.site_id, c.form, c.form_version, c.state, c.signed_on,
  c.expires_on, c.expires_at, c.expires_with, c.granted_at, c.ended_at, c.version"""
LIST = f"""
SELECT {COLUMNS} FROM consents_of_persons c
WHERE c.client_id = ANY (platform.records_of($1)) AND c.id > $2 ORDER BY c.id LIMIT $3
"""  # noqa: S608 - constants only
ONE = f"""
SELECT {COLUMNS}, c.details, c.entered_by, c.revocation, t.shown
FROM consents_of_persons c
JOIN consent_texts t ON (t.site_id, t.digest) = (c.site_id, c.text_digest)
WHERE c.id = $1
"""  # noqa: S608 - constants only
CLIENT = "SELECT client_id FROM consents WHERE id = $1"
LOCK = "SELECT FROM consents WHERE id = $1 FOR UPDATE"
LOCKED = f"""
SELECT {COLUMNS}, c.details, s.time_zone
FROM consents_of_persons c JOIN sites s ON s.id = c.site_id WHERE c.id = $1
"""  # noqa: S608 - constants only
HOLDING = """
SELECT id, form, expires_on, expires_with, details FROM consents_of_persons
WHERE client_id = ANY (platform.records_of($1)) AND state = 'granted'
  AND (expires_at IS NULL OR expires_at > $2) ORDER BY id
"""
IN_FORCE = """
SELECT true FROM consents_of_persons
WHERE client_id = ANY (platform.records_of($1)) AND form = $2 AND state = 'granted'
  AND (expires_at IS NULL OR expires_at > $3)
"""
CHANNELS = """
SELECT id, details FROM consents_of_persons
WHERE client_id = ANY (platform.records_of($1)) AND form = 'contact_channels' AND state = 'granted'
  AND (expires_at IS NULL OR expires_at > $2)
"""
FOR_DECISION = """
SELECT id, form, state, granted_at, ended_at, expires_at, details FROM consents_of_persons
WHERE client_id = ANY (platform.records_of($1)) ORDER BY id
"""
ZONE = "SELECT time_zone FROM sites WHERE id = $1"


async def is_treatment_consented(tx: Transaction, client_id: UUID) -> bool:
    """Whether a consent to treatment holds at the instant of `tx`."""
    return bool(await tx.fetchval(IN_FORCE, client_id, "treatment", tx.now))


async def contact_channels(tx: Transaction, client_id: UUID) -> ContactChannels | None:
    """How a client agreed to be reached, at the instant of `tx`; None: in no way."""
    row = await tx.fetchrow(CHANNELS, client_id, tx.now)
    return None if row is None else _channels(row["id"], _given(row))


async def consents_for_decision(tx: Transaction, client_id: UUID) -> list[permits.Consent]:
    """All consents of a client, those that ended too, as `permits` takes them."""
    return [for_decision(row, _given(row)) for row in await tx.fetch(FOR_DECISION, client_id)]


async def list_consents(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Consent]:
    """A client's consents, oldest first, without whom they name.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(LIST, client_id, paging.after, paging.limit + 1)
    if not rows:
        await require_client(tx, client_id)
    return page_of([Consent(**summary(tx, row)) for row in rows], paging.limit)


async def show_consent(tx: Transaction, consent_id: UUID) -> ConsentInFull:
    """One consent with its text, scope and signature.

    Raises:
        NotFound: none that the caller may see.
    """
    row = await tx.fetchrow(ONE, consent_id)
    if row is None:
        raise NotFound("There is no such consent.")
    ended = row["revocation"]
    return ConsentInFull(
        **summary(tx, row),
        entered_by=row["entered_by"],
        given=_given(row),
        text=ShownText.model_validate(orjson.loads(row["shown"])),
        revocation=None if ended is None else Revocation.model_validate_json(ended),
    )


async def hold_consent(tx: Transaction, consent_id: UUID) -> dict[str, Any]:
    """The row of a consent with its site's zone; until the commit nobody else ends it, enters
    another one of the client, or admits the client by it.

    Raises:
        NotFound: none that the caller may see.
    """
    client_id = await tx.fetchval(CLIENT, consent_id)
    if client_id is None:
        raise NotFound("There is no such consent.")
    await hold_client(tx, client_id)  # first, as whoever enters a consent does
    await tx.execute(LOCK, consent_id)
    row = await tx.fetchrow(LOCKED, consent_id)
    assert row is not None  # its site was seen, and no consent is deleted
    return dict(row)


async def zone_of(tx: Transaction, site_id: UUID) -> str:
    """The zone of a client's site.

    Raises:
        NotFound: no such site.
    """
    zone: str | None = await tx.fetchval(ZONE, site_id)
    if zone is None:
        raise NotFound("There is no such site.")
    return zone


async def show_allowed_now(tx: Transaction, client_id: UUID) -> AllowedNow:
    """What a client's consents allow at the instant of `tx`.

    Raises:
        NotFound: no such client.
    """
    client = await show_client(tx, client_id)
    rows = await tx.fetch(HOLDING, client_id, tx.now)
    words = vocabulary()
    channels = None
    consents = []
    for row in rows:
        given = _given(row)
        channels = _channels(row["id"], given) or channels
        consents.append(
            InForce(
                consent_id=row["id"],
                form=row["form"],
                information=sorted(words.informed(given.information.kinds))
                if given.information
                else [],
                purposes=sorted(words.purposes_of(given.purpose.word)) if given.purpose else [],
                expires_on=row["expires_on"],
                expires_with=row["expires_with"],
            )
        )
    held = {one.form for one in consents}
    return AllowedNow(
        client_id=client_id,
        site_id=client.site_id,
        at=tx.now,
        treatment="treatment" in held,
        treatment_payment_operations="treatment_payment_operations" in held,
        consents=consents,
        contact_channels=channels,
    )


def summary(tx: Transaction, row: Row) -> dict[str, Any]:
    """What is shown of a consent to whoever may know that there is one, at the instant of `tx`."""
    state = state_at(row["state"], row["expires_at"], tx.now)
    return {
        **{name: row[name] for name in Consent.model_fields},
        "state": state,
        "ended_at": row["expires_at"] if state != row["state"] else row["ended_at"],
    }


def for_decision(row: Row, given: NewConsent) -> permits.Consent:
    """What of a row decides."""
    words = vocabulary()
    through = given.intermediary
    names = [party.name for party in given.recipients if party.name is not None]
    return permits.Consent(
        id=row["id"],
        form=row["form"],
        state=row["state"],
        granted_at=row["granted_at"],
        ended_at=row["ended_at"],
        expires_at=row["expires_at"],
        information=words.informed(given.information.kinds if given.information else ()),
        purposes=words.purposes_of(given.purpose.word) if given.purpose else frozenset(),
        names=frozenset(map(permits.known_as, [*names, *(through.members if through else ())])),
        classes=frozenset(party.word for party in given.recipients if party.word is not None),
        intermediary=permits.known_as(through.name) if through else None,
        members_who_treat=through is not None and through.members_who_treat,
    )


def _channels(consent_id: UUID, given: NewConsent) -> ContactChannels | None:
    return None if given.channels is None else ContactChannels.of(consent_id, given.channels)


def _given(row: Row) -> NewConsent:
    return NewConsent.model_validate_json(row["details"])
