"""Merging clients, undoing it, and noting that two who look alike are two people."""

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
from shared.database import Columns, Transaction, at_all_sites, insert, update
from shared.errors import Conflict, Invalid, NotFound, require_version
from shared.ids import new_id
from shared.merges import note_merge, note_undo
from shared.messaging.outbox import publish

LOCK = """
SELECT c.id, c.site_id, c.merged_into IS NOT NULL AS is_merged
FROM clients c WHERE c.id = ANY($1::uuid[]) ORDER BY c.id FOR NO KEY UPDATE
"""
STANDING = """
SELECT c.id,
  EXISTS (SELECT FROM clients o WHERE o.merged_into = c.id) AS stands_for_others,
  EXISTS (SELECT FROM enrolments e WHERE e.client_id = c.id AND e.ended_at IS NULL) AS in_program
FROM clients c WHERE c.id = ANY($1::uuid[])
"""
WITHOUT_KEYS = """
SELECT c.id, c.site_id, c.given_name, c.family_name, c.birth_date, t.phone
FROM clients c LEFT JOIN contacts t ON t.client_id = c.id
WHERE c.keys_version < $1 ORDER BY c.keys_version LIMIT $2 FOR NO KEY UPDATE OF c SKIP LOCKED
"""
KEYS = Columns.of(client_id="uuid", key="bigint", site_id="uuid")
MAKE_KEYS = f"""
WITH done AS (
  UPDATE clients c SET keys_version = {KEYS.next}, listed_as = n.listed_as
  FROM unnest({KEYS.after(1)}::uuid[], {KEYS.after(2)}::text[]) AS n(id, listed_as)
  WHERE c.id = n.id
), made AS (
  SELECT * FROM {KEYS.rows}
), gone AS (
  DELETE FROM match_keys m WHERE m.client_id = ANY({KEYS.after(1)}::uuid[])
    AND NOT EXISTS (SELECT FROM made g WHERE g.client_id = m.client_id AND g.key = m.key)
)
INSERT INTO match_keys ({KEYS.names}) SELECT * FROM made ON CONFLICT DO NOTHING
"""  # noqa: S608 - constants only
CLIENTS_AT_ONCE = 500


class ClientsNotMergeable(Conflict, title="These clients cannot be merged so"):
    """As the two clients stand, the one cannot be merged into the other."""


class SameClient(Invalid, title="One client named twice"):
    """A client is not a duplicate of itself."""


class AlreadyUndone(Conflict, title="Merge was undone already"):
    """The merge was undone before."""


class AlreadyDistinct(Conflict, title="Known as two people already"):
    """It was found before that they are two people."""


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
    pointers = ("/survivor_id", "/merged_id")
    sites, standings = await _locked(tx, new.survivor_id, new.merged_id, pointers)
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
    row = {
        "id": merge.id,
        "survivor_id": new.survivor_id,
        "merged_id": new.merged_id,
        "site_id": merge.survivor.site_id,
        "merged_site_id": merge.merged.site_id,
        "reason": new.reason,
        "merged_by": merged_by,
        "merged_at": tx.now,
    }
    given_up = {"merged_into": new.survivor_id}
    await tx.execute(*update("clients", given_up, where={"id": new.merged_id}))
    await tx.execute(*insert("client_merges", row))
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
    await _locked(tx, found.survivor.client_id, found.merged.client_id)
    found = await show_merge(tx, merge_id)
    require_version(found.version, expected)
    if after("undone" if found.undone_at else "in_force", "undo") is None:
        raise AlreadyUndone("This merge was undone before.")
    survivor_id, merged_id = found.survivor.client_id, found.merged.client_id
    changes = {"undone_because": undo.reason, "undone_by": undone_by, "undone_at": tx.now}
    await tx.execute(*update("clients", {"merged_into": None}, where={"id": merged_id}))
    await tx.execute(*update("client_merges", changes, where={"id": merge_id}))
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
    return found.changed(**changes)


async def distinguish_clients(
    tx: Transaction, new: NewDistinction, *, decided_by: str
) -> Distinction:
    """Show two clients no longer as likely duplicates of each other.

    Raises:
        NotFound: one of them is none of the caller's.
        SameClient: they are the same one.
        AlreadyDistinct: it is noted.
    """
    sites, _ = await _locked(tx, new.client_id, new.other_id, ("/client_id", "/other_id"))
    one, other = sorted((new.client_id, new.other_id))
    made = Distinction(
        id=new_id(),
        one=MergedOne(client_id=one, site_id=sites[one]),
        other=MergedOne(client_id=other, site_id=sites[other]),
        reason=new.reason,
        decided_by=decided_by,
        decided_at=tx.now,
    )
    row = {
        "client_id": one,
        "other_id": other,
        "site_id": sites[one],
        **made.model_dump(include={"id", "reason", "decided_by", "decided_at"}),
    }
    entered = await tx.execute(*insert("distinct_clients", row, suffix="ON CONFLICT DO NOTHING"))
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
    people = [Person.of(row) for row in rows]
    keys = KEYS.arrays(
        {"client_id": row["id"], "key": key, "site_id": row["site_id"]}
        for row, person in zip(rows, people, strict=True)
        for key in keys_of(person, data)
    )
    if rows:
        listed = [listed_as(one.given_name, one.family_name) for one in people]
        await tx.execute(MAKE_KEYS, *keys, data.version, [row["id"] for row in rows], listed)
    return len(rows)


async def _recompute(tx: Transaction, *clients: UUID) -> None:
    """What is kept by person and not read over the records: units, and first days of service."""
    async with at_all_sites(tx):
        await settle_whole(tx, clients)
        await find_first_services(tx, clients)


async def _locked(
    tx: Transaction,
    one: UUID,
    other: UUID,
    pointers: tuple[str | None, str | None] = (None, None),
) -> tuple[dict[UUID, UUID], dict[UUID, Standing]]:
    """The sites and standings of two clients, while nobody else does anything for them."""
    if one == other:
        raise SameClient("Name two clients.", pointer=pointers[1])
    ids = [one, other]
    locked = {row["id"]: row for row in await tx.fetch(LOCK, ids)}
    for client_id, pointer in zip(ids, pointers, strict=True):
        if client_id not in locked:
            raise NotFound("There is no such client among yours.", pointer=pointer)
    standings = {
        row["id"]: Standing(
            locked[row["id"]]["is_merged"], row["stands_for_others"], row["in_program"]
        )
        for row in await tx.fetch(STANDING, ids)
    }
    return {client_id: row["site_id"] for client_id, row in locked.items()}, standings
