"""Level-of-care decisions as they are read."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from services.intake.level_of_care.schemas import Determination, ShownRating
from services.intake.referrals.queries import page_of_client
from shared.contracts.base import PolicyReference
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging

COLUMNS = """
SELECT d.id, d.client_id, d.site_id, d.screening_id, d.edition, d.ratings, d.evidence, d.status,
  d.recommended_level, d.dual_diagnosis, d.criteria, d.explanation, d.policy_id, d.policy_version,
  d.determined_at, d.state, d.version, to_jsonb(s) AS signature
FROM determinations_of_persons d LEFT JOIN level_of_care_signatures s ON s.determination_id = d.id
"""
OF_CLIENT = f"""
{COLUMNS}
WHERE d.client_id = ANY (platform.records_of($1))
  AND (d.determined_at, coalesce(d.entry, 0), d.id) > ALL (
    SELECT determined_at, coalesce(entry, 0), id FROM determinations WHERE id = $2
  )
ORDER BY d.determined_at, coalesce(d.entry, 0), d.id LIMIT $3
"""  # noqa: S608 - constants only
ONE = f"{COLUMNS} WHERE d.client_id = ANY (platform.records_of($1)) AND d.id = $2"
BY_ID = f"{COLUMNS} WHERE d.id = $1"
LATEST = f"""
{COLUMNS} WHERE d.client_id = ANY (platform.records_of($1)) AND d.state <> 'superseded'
"""
"""The index `one_determination_in_force` sees to it that there is one a record at most, and the
view that there is one a person."""
DECISION = "level-of-care decision"


@dataclass(frozen=True, slots=True)
class SignedDecision:
    """The client's decision in force, signed by all who have to.

    `determination` is the whole decision with its ratings, explanation and signature.
    """

    id: UUID
    final_level: str
    final_level_kind: str
    edition: str
    policy: PolicyReference
    dual_diagnosis: bool
    determination: Determination


async def list_determinations(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[Determination]:
    """A client's decisions, oldest first; the last one is in force.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, OF_CLIENT, client_id, paging, _determination)


async def show_determination(
    tx: Transaction, client_id: UUID, determination_id: UUID
) -> Determination:
    """One decision.

    Raises:
        NotFound: none of that client that the caller may see.
    """
    return _determination(found(await tx.fetchrow(ONE, client_id, determination_id), DECISION))


async def show_by_id(tx: Transaction, determination_id: UUID) -> Determination:
    """One decision, whoever it is about.

    Raises:
        NotFound: none that the caller may see.
    """
    return _determination(found(await tx.fetchrow(BY_ID, determination_id), DECISION))


async def latest_determination(tx: Transaction, client_id: UUID) -> Determination | None:
    """The decision in force, signed or not."""
    row = await tx.fetchrow(LATEST, client_id)
    return None if row is None else _determination(row)


async def signed_decision(tx: Transaction, client_id: UUID) -> SignedDecision | None:
    """The decision in force, if it is signed; None while a newer one, or a signer, is awaited.

    Whether a stay has used it already is for who enrols to see. One round trip.
    """
    found = await latest_determination(tx, client_id)
    if found is None or found.state != "signed" or found.signature is None:
        return None
    return SignedDecision(
        id=found.id,
        final_level=found.signature.final_level,
        final_level_kind=found.signature.final_level_kind,
        edition=found.edition,
        policy=found.policy,
        dual_diagnosis=found.dual_diagnosis,
        determination=found,
    )


def _determination(row: Any) -> Determination:
    evidence = orjson.loads(row["evidence"])
    return Determination.from_row(
        {
            **EXPLAINED_BEFORE,
            **row,
            **orjson.loads(row["explanation"]),
            "ratings": {
                number: ShownRating(rating=rating, evidence=evidence.get(number))
                for number, rating in orjson.loads(row["ratings"]).items()
            },
            "criteria": orjson.loads(row["criteria"]),
            "policy": PolicyReference(id=row["policy_id"], version=row["policy_version"]),
            "signature": orjson.loads(row["signature"] or "null"),
        }
    )


EXPLAINED_BEFORE: dict[str, Any] = {
    "least_level": None,
    "rules": [],
    "deciding": [],
    "would_change": [],
    "comparable_to_residential": None,
}
"""Of decisions from before these were kept."""
