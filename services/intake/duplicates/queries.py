"""Clients who are likely one person, and merges."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.intake.duplicates.schemas import (
    LikelyDuplicate,
    LikelyDuplicates,
    MatchReason,
    Merge,
    MergedOne,
    PersonSought,
)
from services.intake.matching.keys import Person, keys_to_search
from services.intake.matching.policy import matching
from services.intake.matching.rules import Likeness, likeness
from services.intake.referrals.queries import page_of_client
from shared.database import ALL_SITES, Sites, Transaction
from shared.errors import found
from shared.web import Page, Paging

CANDIDATES = """
WITH found AS (
  SELECT DISTINCT m.client_id
  FROM unnest($1::bigint[]) AS k(key)
  CROSS JOIN LATERAL (SELECT client_id FROM match_keys WHERE key = k.key LIMIT $2) AS m
)
SELECT c.id, c.site_id, c.given_name, c.family_name, c.birth_date, t.phone, c.merged_into,
  s.id AS survivor_id, s.site_id AS survivor_site_id, s.given_name AS survivor_given_name,
  s.family_name AS survivor_family_name, s.birth_date AS survivor_birth_date
FROM found JOIN clients c ON c.id = found.client_id LEFT JOIN contacts t ON t.client_id = c.id
LEFT JOIN clients s ON s.id = c.merged_into
WHERE (c.merged_into IS NULL OR s.id IS NOT NULL)
  AND coalesce(c.merged_into, c.id) IS DISTINCT FROM $3 AND NOT EXISTS (
    SELECT FROM distinct_clients d
    WHERE d.client_id = least(coalesce(c.merged_into, c.id), $3)
      AND d.other_id = greatest(coalesce(c.merged_into, c.id), $3)
  )
"""
"""Who was merged leads to the client that goes on, so that a person is found by what was entered
for either."""
KNOWN = """
SELECT c.given_name, c.family_name, c.birth_date, c.merged_into, t.phone
FROM clients c LEFT JOIN contacts t ON t.client_id = c.id WHERE c.id = $1
"""
MERGES = "SELECT * FROM client_merges"
ONE = f"{MERGES} WHERE id = $1"
OF_CLIENT = f"""
{MERGES} WHERE (survivor_id = $1 OR merged_id = $1) AND id > $2 ORDER BY id LIMIT $3
"""


async def search_clients(tx: Transaction, sought: PersonSought) -> LikelyDuplicates:
    """The clients of the caller's sites who are likely the person sought."""
    return await _likely(
        tx,
        Person.of(dict(sought)),
        tx.sites,
        besides=None,
    )


async def likely_duplicates(tx: Transaction, client_id: UUID, sites: Sites) -> LikelyDuplicates:
    """The other clients of `sites` who are likely the same person as this one.

    The caller's sites are given beside those of the transaction: whoever breaks the glass for one
    client sees no others. None for a client that was merged, and none with whom somebody found that
    they are two people.

    Raises:
        NotFound: no such client.
    """
    row = found(await tx.fetchrow(KNOWN, client_id), "client")
    if row["merged_into"] is not None:
        return _answer([])
    return await _likely(
        tx,
        Person.of(row),
        sites,
        besides=client_id,
    )


async def show_merge(tx: Transaction, merge_id: UUID) -> Merge:
    """One merge.

    Raises:
        NotFound: none that the caller may see.
    """
    return _merge(found(await tx.fetchrow(ONE, merge_id), "merge"))


async def merges_of(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Merge]:
    """The merges that a client took part in, also those that were undone, oldest first.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, OF_CLIENT, client_id, paging, _merge)


async def _likely(
    tx: Transaction, person: Person, sites: Sites, *, besides: UUID | None
) -> LikelyDuplicates:
    data = matching()
    keys = keys_to_search(person, data)
    found: dict[UUID, LikelyDuplicate] = {}
    for row in await tx.fetch(CANDIDATES, keys, data.most_of_a_key, besides):
        other = Person.of(row)
        compared = likeness(person, other, data)
        if compared.score < data.threshold:
            continue
        one = _found(row, compared)
        if sites != ALL_SITES and one.site_id not in sites:
            continue
        if one.client_id not in found or found[one.client_id].score < one.score:
            found[one.client_id] = one
    likeliest = sorted(found.values(), key=lambda one: (-one.score, one.client_id))
    return _answer(likeliest[: data.most_shown])


def _found(row: Any, compared: Likeness) -> LikelyDuplicate:
    merged = row["merged_into"] is not None
    shown = "survivor_" if merged else ""
    told = ("site_id", "given_name", "family_name", "birth_date")
    return LikelyDuplicate(
        client_id=row[f"{shown}id"],
        **{name: row[shown + name] for name in told},
        found_by=row["id"] if merged else None,
        score=compared.score,
        reasons=[MatchReason(**asdict(one), words=one.words) for one in compared.reasons],
    )


def _answer(found: list[LikelyDuplicate]) -> LikelyDuplicates:
    data = matching()
    return LikelyDuplicates(matching_version=data.version, threshold=data.threshold, items=found)


def _merge(row: Any) -> Merge:
    survivor = MergedOne(client_id=row["survivor_id"], site_id=row["site_id"])
    merged = MergedOne(client_id=row["merged_id"], site_id=row["merged_site_id"])
    return Merge.from_row({**row, "survivor": survivor, "merged": merged})
