"""Keeping what the board counts, and telling that the board of a site changed."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from services.outcomes.board.rules import KEPT_IF_UNTOLD, Fact, merged
from shared.contracts.base import ClientEvent
from shared.database import Columns, Transaction
from shared.messaging.envelope import Received
from shared.messaging.outbox import publish

FACTS = Columns.like(Fact, sequence="bigint")
KEY = ("kind", "subject", "client_id", "part")
TOLD = tuple(n for n, _ in FACTS.types if n not in (*KEY, *KEPT_IF_UNTOLD))


def _later(name: str, later: str, earlier: str) -> str:
    return f"{name} = CASE WHEN excluded.sequence > f.sequence THEN {later} ELSE {earlier} END"


CHANGES = ", ".join(
    [
        *(_later(n, f"excluded.{n}", f"f.{n}") for n in TOLD),
        *(
            _later(n, f"coalesce(excluded.{n}, f.{n})", f"coalesce(f.{n}, excluded.{n})")
            for n in KEPT_IF_UNTOLD
        ),
    ]
)
KEEP = FACTS.insert("board_facts AS f", f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {CHANGES}")
"""As `rules.merged` does."""

COHORTS = Columns.of(cohort_id="uuid", site_id="uuid", capacity="integer", sequence="bigint")
KEEP_COHORTS = COHORTS.upsert(
    "board_cohorts AS c", "cohort_id", suffix="WHERE c.sequence < excluded.sequence"
)

CHANGE = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended('outcomes.board', 0)))
INSERT INTO board_changes AS c (site_id, change)
SELECT id, nextval('board_change')
FROM turn, (SELECT DISTINCT unnest($1::uuid[]) AS id ORDER BY id) s
ON CONFLICT (site_id) DO UPDATE SET change = excluded.change
"""
"""A number is given to a row, and there is no row before it is this transaction's turn."""


async def keep_facts(tx: Transaction, facts: list[Any]) -> None:
    """Keep what is known of each thing by the latest event; the boards of the sites change.

    Give it to `tx.at_end`: of a batch that tells of one thing several times one row is written.
    """
    known: dict[Any, Fact] = {}
    for fact in facts:
        before = known.get(key := fact.key)
        known[key] = fact if before is None else merged(before, fact)
    await tx.write(KEEP, *FACTS.arrays(known.values()))
    tx.at_end(tell_sites, *{fact.site_id for fact in known.values()})


async def keep_cohorts(tx: Transaction, told: Iterable[dict[str, Any]]) -> None:
    """Keep the seats of each cohort as the latest event tells them."""
    latest: dict[UUID, dict[str, Any]] = {}
    for cohort in told:
        known = latest.get(cohort["cohort_id"])
        if known is None or known["sequence"] < cohort["sequence"]:
            latest[cohort["cohort_id"]] = cohort
    await tx.execute(KEEP_COHORTS, *COHORTS.arrays(latest.values()))
    tx.at_end(tell_sites, *{cohort["site_id"] for cohort in latest.values()})


def tell(tx: Transaction, event: ClientEvent, *, cause: Received[Any] | None = None) -> None:
    """Publish what outcomes tells: it changes figures that the board counts from other tables, of
    measures, recommendations and risks."""
    publish(tx, event, cause=cause)
    tx.at_end(tell_sites, event.site_id)


async def tell_sites(tx: Transaction, sites: list[Any]) -> None:
    """Give the boards of these sites the next number of change, with the commit.

    Whoever holds the lock commits before the next one takes a number: a reader that has seen a
    number has seen all below it.
    """
    if tx.rebuilding:
        return
    await tx.write(CHANGE, sites)
    tx.wake()
