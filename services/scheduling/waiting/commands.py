"""Knowing what is urgent."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.waiting.policy import Finding, waiting_policy
from services.scheduling.waiting.rules import urgency_of
from shared.contracts.intake import LevelOfCareSigned, RiskFlagRaised
from shared.database import Columns, Transaction

FOUND = Columns.by_type(
    uuid="client_id site_id", text="finding", timestamptz="found_at", boolean="holds"
)
NOTE = FOUND.upsert("urgencies", "client_id", "finding")
FINDINGS = """
SELECT c.id, u.finding, max(u.found_at) AS found_at FROM unnest($1::uuid[]) AS c(id)
JOIN urgencies u ON u.client_id = ANY (platform.records_of(c.id)) AND u.holds
GROUP BY c.id, u.finding
"""
RANK = """
UPDATE waitlist w SET urgency = given.urgency
FROM unnest($1::uuid[], $2::integer[]) AS given(id, urgency)
WHERE w.client_id = given.id AND w.left_at IS NULL AND w.urgency <> given.urgency
"""


async def urgencies_of(tx: Transaction, clients: Iterable[tuple[UUID, UUID]]) -> dict[UUID, int]:
    """How urgent a seat is for each client, given with the site."""
    site_of = dict(clients)
    found: dict[UUID, dict[Finding, datetime]] = {}
    for row in await tx.fetch(FINDINGS, list(site_of)):
        found.setdefault(row["id"], {})[row["finding"]] = row["found_at"]
    ranks = {}
    for client_id, site_id in site_of.items():
        policy = waiting_policy(site_id).urgency
        since = tx.now - timedelta(days=policy.within_days)
        ranks[client_id] = urgency_of(found.get(client_id, {}), policy.order, since)
    return ranks


async def note_flags(tx: Transaction, raised: Sequence[RiskFlagRaised]) -> None:
    """A risk flag makes a seat urgent, by its severity."""
    found = []
    for event in raised:
        finding = "risk_high" if event.severity == "high" else "risk_moderate"
        about = {"finding": finding, "found_at": event.raised_at, "holds": True}
        found.append({**dict(event), **about})
    await _note(tx, found)


async def note_levels(tx: Transaction, signed: Sequence[LevelOfCareSigned]) -> None:
    """A seat is urgent for a client who waits below the level of care that was recommended."""
    found = []
    for event in signed:
        above = waiting_policy(event.site_id).urgency.levels_above
        holds = event.recommended_level in above and event.final_level not in above
        about = {"finding": "level_above", "found_at": event.signed_at, "holds": holds}
        found.append({**dict(event), **about})
    await _note(tx, found)


async def _note(tx: Transaction, findings: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was found last of each kind, and rank those of these clients who wait anew."""
    latest = {(one["client_id"], one["finding"]): one for one in findings}
    await tx.execute(NOTE, *FOUND.arrays(latest.values()))
    ranks = await urgencies_of(tx, ((one["client_id"], one["site_id"]) for one in findings))
    await tx.execute(RANK, list(ranks), list(ranks.values()))
