"""Merging clients, undoing it, and noting that two who look alike are two people."""

from typing import Any
from uuid import UUID

from services.intake.access_times.commands import find_first_services
from services.intake.authorizations.settlement import settle_whole
from services.intake.duplicates.queries import show_merge
from services.intake.duplicates.rules import Refusal, Standing, after, refusal
from services.intake.duplicates.schemas import (
    Distinction,
    Merge,
    MergedOne,
    MergeUndo,
    NewDistinction,
    NewMerge,
)
from services.intake.matching.keys import Person, keys_of
from services.intake.matching.names import listed_as
from services.intake.matching.policy import matching
from shared.contracts.intake import ClientMergeUndone, ClientsMerged
from shared.database import Transaction, at_all_sites
from shared.errors import Conflict, Invalid, NotFound, require_version
from shared.ids import new_id
from shared.merges import note_merge, note_undo
from shared.messaging.outbox import publish

HOLD = """
SELECT c.id, c.site_id, c.merged_into IS NOT NULL AS is_merged
FROM clients c WHERE c.id = ANY($1::uuid[]) ORDER BY c.id FOR NO KEY UPDATE
"""
STANDING = """
SELECT c.id,
  EXISTS (SELECT FROM clients o WHERE o.merged_into = c.id) AS stands_for_others,
  EXISTS (SELECT FROM enrolments e WHERE e.client_id = c.id AND e.ended_at IS NULL) AS in_program
FROM clients c WHERE c.id = ANY($1::uuid[])
"""
MERGE = """
WITH given_up AS (UPDATE clients SET merged_into = $2, version = version + 1
  WHERE id = $3)
INSERT INTO client_merges (id, survivor_id, merged_id, site_id, merged_site_id, reason, merged_by,
  merged_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
UNDO = """
WITH back AS (UPDATE clients SET merged_into = NULL, version = version + 1
  WHERE id = $2)
UPDATE client_merges SET undone_because = $3, undone_by = $4, undone_at = $5, version = version + 1
WHERE id = $1
"""
DISTINGUISH = """
INSERT INTO distinct_clients (client_id, other_id, site_id, id, reason, decided_by, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""
WITHOUT_KEYS = """
SELECT c.id, c.site_id, c.given_name, c.family_name, c.birth_date, t.phone
FROM clients c LEFT JOIN contacts t ON t.client_id = c.id
WHERE c.keys_version < $1 ORDER BY c.keys_version LIMIT $2 FOR NO KEY UPDATE OF c SKIP LOCKED
"""
MAKE_KEYS = """
WITH done AS (
  UPDATE clients c SET keys_version = $4, listed_as = n.listed_as
  FROM unnest($5::uuid[], $6::text[]) AS n(id, listed_as) WHERE c.id = n.id
), given AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS g(client_id, key, site_id)
), gone AS (
  DELETE FROM match_keys m WHERE m.client_id = ANY($5::uuid[])
    AND NOT EXISTS (SELECT FROM given g WHERE g.client_id = m.client_id AND g.key = m.key)
)
INSERT INTO match_keys (client_id, key, site_id) SELECT * FROM given ON CONFLICT DO NOTHING
"""
CLIENTS_AT_ONCE = 500


class ClientsNotMergeable(Conflict):
    """As the two clients stand, the one cannot be merged into the other."""

    title = "These clients cannot be merged so"


class SameClient(Invalid):
    """A client is not a duplicate of itself."""

    title = "One client named twice"


class AlreadyUndone(Conflict):
    """The merge was undone before."""

    title = "Merge was undone already"


class AlreadyDistinct(Conflict):
    """It was found before that they are two people."""

    title = "Known as two people already"


DETAILS: dict[Refusal, tuple[str, str]] = {
    "survivor_was_merged": ("/survivor_id", "It was merged itself: merge into the one it is now."),
    "already_merged": ("/merged_id", "It was merged before: undo that first."),
    "others_merged_into_it": ("/merged_id", "Others were merged into it: undo that first."),
    "in_program": ("/merged_id", "It is in the program: let it be the one that goes on."),
}
"""Why a merge is refused, in words, and what it is about."""


async def merge_clients(tx: Transaction, new: NewMerge, *, merged_by: str) -> Merge:
    """Let one client go on for two; publishes ClientsMerged. Nothing is moved between them:
    whatever is read by client is read over the records of the person (`platform.records_of`).

    Raises:
        NotFound: one of them is none of the caller's.
        SameClient: they are the same one.
        ClientsNotMergeable: by `rules.refusal`.
    """
    sites, standings = await _held(
        tx, new.survivor_id, new.merged_id, pointers=("/survivor_id", "/merged_id")
    )
    why = refusal(standings[new.survivor_id], standings[new.merged_id])
    if why is not None:
        pointer, detail = DETAILS[why]
        raise ClientsNotMergeable(detail, pointer=pointer)
    merge = Merge(
        id=new_id(),
        survivor=MergedOne(client_id=new.survivor_id, site_id=sites[new.survivor_id]),
        merged=MergedOne(client_id=new.merged_id, site_id=sites[new.merged_id]),
        reason=new.reason,
        merged_by=merged_by,
        merged_at=tx.now,
        undone_because=None,
        undone_by=None,
        undone_at=None,
        version=1,
    )
    await tx.execute(
        MERGE,
        merge.id,
        new.survivor_id,
        new.merged_id,
        merge.survivor.site_id,
        merge.merged.site_id,
        new.reason,
        merged_by,
        tx.now,
    )
    await note_merge(tx, merge.id, new.survivor_id, new.merged_id, tx.now)
    await _recompute(tx, new.survivor_id, new.merged_id)
    publish(
        tx,
        ClientsMerged(
            client_id=new.survivor_id,
            site_id=merge.survivor.site_id,
            merge_id=merge.id,
            merged_client_id=new.merged_id,
            merged_at=tx.now,
        ),
    )
    return merge


async def undo_merge(
    tx: Transaction, merge_id: UUID, expected: int, undo: MergeUndo, *, undone_by: str
) -> Merge:
    """Let both clients stand for themselves again, as they were; publishes ClientMergeUndone.

    Raises:
        NotFound: no such merge, or one of the clients is none of the caller's.
        StaleVersion: somebody changed it meanwhile.
        AlreadyUndone: it is not in force.
    """
    found = await show_merge(tx, merge_id)
    await _held(tx, found.survivor.client_id, found.merged.client_id)
    found = await show_merge(tx, merge_id)
    require_version(found.version, expected)
    if after("undone" if found.undone_at else "in_force", "undo") is None:
        raise AlreadyUndone("This merge was undone before.")
    survivor_id, merged_id = found.survivor.client_id, found.merged.client_id
    await tx.execute(UNDO, merge_id, merged_id, undo.reason, undone_by, tx.now)
    await note_undo(tx, merge_id, survivor_id, merged_id, tx.now)
    await _recompute(tx, survivor_id, merged_id)
    publish(
        tx,
        ClientMergeUndone(
            client_id=survivor_id,
            site_id=found.survivor.site_id,
            merge_id=merge_id,
            merged_client_id=merged_id,
            undone_at=tx.now,
        ),
    )
    return found.model_copy(
        update={
            "undone_because": undo.reason,
            "undone_by": undone_by,
            "undone_at": tx.now,
            "version": found.version + 1,
        }
    )


async def distinguish_clients(
    tx: Transaction, new: NewDistinction, *, decided_by: str
) -> Distinction:
    """Show two clients no longer as likely duplicates of each other.

    Raises:
        NotFound: one of them is none of the caller's.
        SameClient: they are the same one.
        AlreadyDistinct: it is noted.
    """
    sites, _ = await _held(tx, new.client_id, new.other_id, pointers=("/client_id", "/other_id"))
    one, other = sorted((new.client_id, new.other_id))
    made = Distinction(
        id=new_id(),
        one=MergedOne(client_id=one, site_id=sites[one]),
        other=MergedOne(client_id=other, site_id=sites[other]),
        reason=new.reason,
        decided_by=decided_by,
        decided_at=tx.now,
    )
    entered = await tx.execute(
        DISTINGUISH, one, other, sites[one], made.id, new.reason, decided_by, tx.now
    )
    if entered == "INSERT 0 0":
        raise AlreadyDistinct("It is noted that these are two people.", pointer="/other_id")
    return made


async def make_keys(tx: Transaction) -> int:
    """Make the keys of clients who have none, or those of former matching data, and their place in
    lists by name; says of how many.

    Keys are made with the client; this is for clients from before, and for data that changed.
    """
    data = matching()
    rows = await tx.fetch(WITHOUT_KEYS, data.version, CLIENTS_AT_ONCE)
    made: list[tuple[Any, int, Any]] = [
        (row["id"], key, row["site_id"])
        for row in rows
        for key in keys_of(
            Person(row["given_name"], row["family_name"], row["birth_date"], row["phone"]), data
        )
    ]
    if rows:
        await tx.execute(
            MAKE_KEYS,
            [client for client, _, _ in made],
            [key for _, key, _ in made],
            [site for _, _, site in made],
            data.version,
            [row["id"] for row in rows],
            [listed_as(row["given_name"], row["family_name"]) for row in rows],
        )
    return len(rows)


async def _recompute(tx: Transaction, *clients: UUID) -> None:
    """What is kept by person and not read over the records: units, and first days of service."""
    async with at_all_sites(tx):
        await settle_whole(tx, clients)
        await find_first_services(tx, clients)


async def _held(
    tx: Transaction,
    one: UUID,
    other: UUID,
    pointers: tuple[str | None, str | None] = (None, None),
) -> tuple[dict[UUID, UUID], dict[UUID, Standing]]:
    """The sites and standings of two clients, while nobody else does anything for them."""
    if one == other:
        raise SameClient("Name two clients.", pointer=pointers[1])
    ids = [one, other]
    held = {row["id"]: row for row in await tx.fetch(HOLD, ids)}
    for client_id, pointer in zip(ids, pointers, strict=True):
        if client_id not in held:
            raise NotFound("There is no such client among yours.", pointer=pointer)
    standings = {
        row["id"]: Standing(
            held[row["id"]]["is_merged"], row["stands_for_others"], row["in_program"]
        )
        for row in await tx.fetch(STANDING, ids)
    }
    return {client_id: row["site_id"] for client_id, row in held.items()}, standings
