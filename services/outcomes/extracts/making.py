"""Making an extract in pieces, so that it takes little memory and says how far it is."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from services.outcomes.extracts.files import Growing, all_files
from services.outcomes.extracts.loading import Mask, load_rows, load_traits
from services.outcomes.extracts.policy import extract_policy
from services.outcomes.extracts.rules import shift, unfamiliar
from shared.database import Columns, Database, Transaction, update

STAYS_AT_ONCE = 500
ALIVE = """
UPDATE extracts SET alive_at = $2, stays_done = $3, stays_total = $4, version = version + 1
WHERE id = $1 AND state = 'running'
"""
BEGIN = """
WITH gone AS (DELETE FROM extract_parts WHERE extract_id = $1)
UPDATE extracts SET stays_done = 0 WHERE id = $1
"""
PIECES = Columns.of(extract_id="uuid", name="text", number="integer", content="bytea")
WRITE = PIECES.insert("extract_parts")


async def make(database: Database, taken: Mapping[str, Any]) -> None:
    """Make the files of an extract, from the beginning, and say how far it is."""
    policy, sites = extract_policy(), frozenset(taken["site_ids"])
    async with database.transaction(sites) as tx:
        await tx.execute(BEGIN, taken["id"])
        people, traits = await load_traits(
            tx, taken["site_ids"], taken["starts_from"], taken["starts_until"]
        )
    shown = await asyncio.to_thread(
        unfamiliar, traits, people, policy.left_out_first, policy.smallest_group
    )
    key = bytes(taken["key"])
    shifts = {p: shift(key, p, policy.most_weeks) for p in set(people.values())}
    mask = Mask(key, people, shown, shifts)
    stays = sorted(shown, key=mask.stands_for)
    files = all_files()
    numbers = dict.fromkeys((f"{name}.{kind}" for name in files for kind in ("csv", "parquet")), 0)
    for begin in range(0, len(stays), STAYS_AT_ONCE):
        some = stays[begin : begin + STAYS_AT_ONCE]
        async with database.transaction(sites) as tx:
            rows = await load_rows(tx, mask, some)
            await asyncio.to_thread(_add, files, rows)
            await _write(tx, taken["id"], files.values(), numbers)
            await tx.execute(ALIVE, taken["id"], tx.now, begin + len(some), len(stays))
    for growing in files.values():
        growing.close()
    async with database.transaction(sites) as tx:
        await _write(tx, taken["id"], files.values(), numbers)
        described = [one for growing in files.values() for one in growing.described()]
        changes = {
            "state": "made",
            "key": None,
            "made_at": tx.now,
            "gone_at": tx.now + timedelta(days=policy.kept_days),
            "stays_done": len(stays),
            "stays_total": len(stays),
            "files": orjson.dumps(described).decode(),
        }
        where = {"id": taken["id"], "state": "running"}
        await tx.execute(*update("extracts", changes, where=where))


def _add(files: Mapping[str, Growing], rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    for name, found in rows.items():
        files[name].add(found)


async def _write(
    tx: Transaction, extract_id: UUID, files: Iterable[Growing], numbers: dict[str, int]
) -> None:
    """Keep what is new of the files, as the next piece of each."""
    made = []
    for growing in files:
        for name, content in growing.pieces().items():
            piece = {"name": name, "number": numbers[name], "content": content}
            made.append({"extract_id": extract_id, **piece})
            numbers[name] += 1
    await tx.execute(WRITE, *PIECES.arrays(made))
