"""Running a policy over past cases: a part at a time, and nothing is written."""

from dataclasses import asdict
from uuid import UUID

import orjson

from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.level_of_care.rules.replay import replay
from services.intake.level_of_care.schemas import Moved, ReplayPage
from shared.database import Transaction
from shared.web import Paging, page_of

CASES = """
SELECT id, id AS determination_id, client_id, site_id, edition, ratings, determined_at,
  recommended_level AS level_then
FROM determinations WHERE id > $1 AND ($2::uuid IS NULL OR site_id = $2) ORDER BY id LIMIT $3
"""
TOTAL = "SELECT count(*) FROM determinations WHERE $1::uuid IS NULL OR site_id = $1"


async def replay_policy(
    tx: Transaction, policy: LevelOfCarePolicy, paging: Paging, site_id: UUID | None
) -> ReplayPage:
    """Who of the next cases would come to another level, and by which dimension.

    Every decision of the past is a case, superseded ones too. They are taken in the order of their
    ids, `limit` at a time, so that a replay needs the same memory however many there are.
    """
    rows = await tx.fetch(CASES, paging.after, site_id, paging.limit + 1)
    page = page_of(rows, paging.limit, key=lambda row: row["id"])
    first = paging.after == UUID(int=0)
    stays = undecidable = 0
    moved: list[Moved] = []
    for row in page.items:
        found = replay(policy, row["edition"], orjson.loads(row["ratings"]), row["level_then"])
        stays += found.outcome == "stays"
        undecidable += found.outcome == "undecidable"
        if found.outcome == "moves":
            moved.append(Moved.from_row({**row, **asdict(found)}))
    return ReplayPage(
        total=await tx.fetchval(TOTAL, site_id) if first else None,
        replayed=len(page.items),
        stays=stays,
        undecidable=undecidable,
        items=moved,
        next=page.next,
    )
