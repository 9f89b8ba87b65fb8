"""Correcting who a client is: names and dates are misheard, misspelled, and change."""

from uuid import UUID

from services.intake.directory.queries import today_at
from services.intake.matching.keys import Person, keys_of
from services.intake.matching.names import listed_as
from services.intake.matching.policy import matching
from services.intake.referrals.queries import own_phone, show_client
from services.intake.referrals.receiving import ImpossibleBirthDate
from services.intake.referrals.rules import is_possible_birth_date
from services.intake.referrals.schemas import Client, Identity
from shared.database import Transaction
from shared.errors import Conflict, require_version
from shared.ids import new_id

CORRECT = """
WITH before AS (
  INSERT INTO identity_corrections (id, client_id, site_id, given_name, family_name, birth_date,
    sex_at_birth, reason, corrected_by, corrected_at)
  SELECT $6, id, site_id, given_name, family_name, birth_date, sex_at_birth, $7, $8, $9
  FROM clients WHERE id = $1
), gone AS (
  DELETE FROM match_keys WHERE client_id = $1 AND NOT key = ANY($10::bigint[])
), keys AS (
  INSERT INTO match_keys (client_id, key, site_id)
  SELECT $1, key, $11 FROM unnest($10::bigint[]) AS k(key) ON CONFLICT DO NOTHING
)
UPDATE clients SET given_name = $2, family_name = $3, birth_date = $4, sex_at_birth = $5,
  keys_version = $12, listed_as = $13, version = version + 1
WHERE id = $1
"""
CORRECTED = {"given_name", "family_name", "birth_date", "sex_at_birth"}


class NothingToCorrect(Conflict):
    """The client is known so already."""

    title = "Nothing to correct"


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
    known = await show_client(tx, client_id, hold=True)
    require_version(known.version, expected)
    changed = new.model_dump(include=CORRECTED)
    if changed == known.model_dump(include=CORRECTED):
        raise NothingToCorrect("The client is known by exactly this already.")
    if not is_possible_birth_date(new.birth_date, await today_at(tx, known.site_id)):
        raise ImpossibleBirthDate(
            "The birth date lies in the future or too far back.", pointer="/birth_date"
        )
    phone, data = await own_phone(tx, client_id), matching()
    await tx.execute(
        CORRECT,
        client_id,
        new.given_name,
        new.family_name,
        new.birth_date,
        new.sex_at_birth,
        new_id(),
        new.reason,
        corrected_by,
        tx.now,
        keys_of(Person(new.given_name, new.family_name, new.birth_date, phone), data),
        known.site_id,
        data.version,
        listed_as(new.given_name, new.family_name),
    )
    return known.model_copy(update=changed | {"version": known.version + 1})
