"""Correcting who a client is: names and dates are misheard, misspelled, and change."""

from uuid import UUID

from services.intake.directory.queries import today_at
from services.intake.matching.keys import Person, keys_of
from services.intake.matching.names import listed_as
from services.intake.matching.policy import matching
from services.intake.referrals.commands import ADD_KEYS
from services.intake.referrals.queries import own_phone, show_client
from services.intake.referrals.receiving import ImpossibleBirthDate
from services.intake.referrals.rules import is_possible_birth_date
from services.intake.referrals.schemas import Client, Identity
from shared.database import Transaction, insert, together, update
from shared.errors import Conflict, require_version
from shared.ids import new_id

DROP_OTHER_KEYS = """
DELETE FROM match_keys WHERE client_id = $1 AND NOT key = ANY($2::bigint[])
"""
CORRECTED = {"given_name", "family_name", "birth_date", "sex_at_birth"}


class NothingToCorrect(Conflict):
    """The client is known so already."""


async def correct_identity(
    tx: Transaction, client_id: UUID, expected: int, new: Identity, *, corrected_by: str
) -> Client:
    """Replace what is known of a client's identity and keep what was known before.

    Events hold none of it, so none is published. What was decided before stays as it was decided.

    Raises:
        NotFound: no such client.
        ClientMerged: another client goes on for this one.
        StaleVersion: somebody changed it meanwhile.
        NothingToCorrect: nothing is different.
        ImpossibleBirthDate: the birth date lies ahead, or too far back.
    """
    known = await show_client(tx, client_id, lock=True)
    require_version(known.version, expected)
    changed = new.model_dump(include=CORRECTED)
    if changed == known.model_dump(include=CORRECTED):
        raise NothingToCorrect("The client is known by exactly this already.")
    if not is_possible_birth_date(new.birth_date, await today_at(tx, known.site_id)):
        raise ImpossibleBirthDate(
            "The birth date lies in the future or too far back.", pointer="/birth_date"
        )
    data = matching()
    person = Person(new.given_name, new.family_name, new.birth_date, await own_phone(tx, client_id))
    keys = keys_of(person, data)
    before = {
        "id": new_id(),
        "client_id": client_id,
        "site_id": known.site_id,
        **known.model_dump(include=CORRECTED),
        "reason": new.reason,
        "corrected_by": corrected_by,
        "corrected_at": tx.now,
    }
    listed = listed_as(new.given_name, new.family_name)
    now = {**changed, "keys_version": data.version, "listed_as": listed}
    await tx.execute(
        *together(
            insert("identity_corrections", before),
            (DROP_OTHER_KEYS, client_id, keys),
            (ADD_KEYS, client_id, known.site_id, keys),
            update("clients", now, where={"id": client_id}),
        )
    )
    return known.changed(**changed)
