"""What intake and scheduling tell that the board counts."""

from typing import Any, get_args

from services.outcomes.board.commands import keep_cohorts, keep_facts, tell_sites
from services.outcomes.board.rules import BoardEvent, facts_of
from shared.contracts.intake import ClientMergeUndone, ClientsMerged, ScreeningCompleted
from shared.contracts.scheduling import CohortChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()

SITES_OF = """
SELECT DISTINCT site_id FROM episodes WHERE client_id IN (SELECT unnest($1::uuid[]))
"""


async def facts_told(tx: Transaction, received: list[Received[Any]]) -> None:
    tx.at_end(keep_facts, *(f for one in received for f in facts_of(one.event, one.sequence or 0)))


@consumers.on_many(ScreeningCompleted)
async def scores_told(tx: Transaction, received: list[Received[ScreeningCompleted]]) -> None:
    """It may be a measure that was due."""
    tx.at_end(tell_sites, *{one.event.site_id for one in received})


async def persons_changed(tx: Transaction, received: list[Received[Any]]) -> None:
    """Two records became one person, or two again, wherever they were in the program."""
    both = {c for r in received for c in (r.event.client_id, r.event.merged_client_id)}
    rows = await tx.fetch(SITES_OF, list(both))
    found = {row["site_id"] for row in rows} | {one.event.site_id for one in received}
    tx.at_end(tell_sites, *found)


for told in get_args(BoardEvent):
    consumers.on_many(told)(facts_told)
for told in (ClientsMerged, ClientMergeUndone):
    consumers.on_many(told, "merges")(persons_changed)


@consumers.on_many(CohortChanged)
async def cohorts_changed(tx: Transaction, received: list[Received[CohortChanged]]) -> None:
    await keep_cohorts(tx, ({**dict(r.event), "sequence": r.sequence or 0} for r in received))
