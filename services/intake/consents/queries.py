"""Consents as they are read, and what they allow now."""

from functools import partial
from typing import Any
from uuid import UUID

import asyncpg

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
from services.intake.consents.rules.states import state_at
from services.intake.consents.schemas import NewConsent
from services.intake.referrals.queries import lock_client, page_of_client, show_client
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging

Row = asyncpg.Record | dict[str, Any]
COLUMNS = ", ".join(f"c.{name}" for name in (*Consent.model_fields, "expires_at"))
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


async def is_treatment_consented(tx: Transaction, client_id: UUID) -> bool:
    """Whether a consent to treatment holds at the instant of `tx`."""
    return bool(await tx.fetchval(IN_FORCE, client_id, "treatment", tx.now))


async def list_consents(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Consent]:
    """A client's consents, oldest first, without whom they name.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, LIST, client_id, paging, partial(summary, tx))


async def show_consent(tx: Transaction, consent_id: UUID) -> ConsentInFull:
    """One consent with its text, scope and signature.

    Raises:
        NotFound: none that the caller may see.
    """
    row = found(await tx.fetchrow(ONE, consent_id), "consent")
    ended = row["revocation"]
    return ConsentInFull(
        **dict(summary(tx, row)),
        entered_by=row["entered_by"],
        given=_given(row),
        text=ShownText.model_validate_json(row["shown"]),
        revocation=None if ended is None else Revocation.model_validate_json(ended),
    )


async def lock_consent(tx: Transaction, consent_id: UUID) -> dict[str, Any]:
    """The row of a consent with its site's zone; until the commit nobody else ends it, enters
    another one of the client, or admits the client by it.

    Raises:
        NotFound: none that the caller may see.
    """
    client_id = found(await tx.fetchval(CLIENT, consent_id), "consent")
    await lock_client(tx, client_id)  # first, as whoever enters a consent does
    await tx.execute(LOCK, consent_id)
    return dict(found(await tx.fetchrow(LOCKED, consent_id), "consent"))


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
    in_force = {one.form for one in consents}
    return AllowedNow(
        client_id=client_id,
        site_id=client.site_id,
        at=tx.now,
        treatment="treatment" in in_force,
        treatment_payment_operations="treatment_payment_operations" in in_force,
        consents=consents,
        contact_channels=channels,
    )


def summary(tx: Transaction, row: Row) -> Consent:
    """What is shown of a consent to whoever may know that there is one, at the instant of `tx`."""
    state = state_at(row["state"], row["expires_at"], tx.now)
    ended_at = row["expires_at"] if state != row["state"] else row["ended_at"]
    return Consent.from_row({**row, "state": state, "ended_at": ended_at})


def _channels(consent_id: UUID, given: NewConsent) -> ContactChannels | None:
    return None if given.channels is None else ContactChannels.of(consent_id, given.channels)


def _given(row: Row) -> NewConsent:
    return NewConsent.model_validate_json(row["details"])
