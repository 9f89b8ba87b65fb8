"""Knowing what is urgent, and holding seats for those who are asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.scheduling.directory.rules import Window
from services.scheduling.waiting.policy import Finding, waiting_policy
from services.scheduling.waiting.rules import expiry, urgency_of
from shared.contracts import scheduling
from shared.database import Columns, Transaction
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

Outcome = Literal["accepted", "declined", "expired", "withdrawn"]
ENDED = {
    "accepted": scheduling.SeatAccepted,
    "declined": scheduling.SeatDeclined,
    "expired": scheduling.SeatOfferExpired,
    "withdrawn": scheduling.SeatOfferWithdrawn,
}


@dataclass(frozen=True, slots=True)
class Found:
    """Something that makes a client's seat urgent, or that holds no more."""

    client_id: UUID
    site_id: UUID
    finding: Finding
    found_at: datetime
    holds: bool


FOUND = Columns.like(Found)
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

OFFERED = Columns.by_type(
    uuid="id site_id client_id enrolment_id cohort_id",
    jsonb="criteria",
    timestamptz="offered_at expires_at",
    text="offered_by jump_reason",
    integer="passed_over",
)
OFFER = OFFERED.insert("seat_offers")
SITES = """
SELECT s.id, s.time_zone,
  ARRAY(SELECT ARRAY[weekday, opens_minute, closes_minute] FROM opening_hours o
        WHERE o.site_id = s.id) AS openings,
  ARRAY(SELECT day FROM closed_days d WHERE d.site_id = s.id) AS closed
FROM sites s WHERE s.id = ANY ($1::uuid[])
"""
END = """
UPDATE seat_offers SET ended_at = $1, outcome = $3, answered_by = $4, decline_reason = $5,
  link_hash = NULL, version = version + 1
WHERE (id = ANY ($2::uuid[]) OR enrolment_id = ANY ($2::uuid[])) AND ended_at IS NULL
RETURNING id AS offer_id, client_id, site_id, enrolment_id, cohort_id
"""
ASK_NOT_BEFORE = """
UPDATE waitlist SET offer_again_at = $2 WHERE enrolment_id = $1 AND left_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A seat to hold for a client who waits. `offered_by` is the person who chose, if one did."""

    client_id: UUID
    site_id: UUID
    enrolment_id: UUID
    cohort_id: UUID
    criteria: str
    cause: Received[Any] | None = None
    offered_by: str | None = None
    passed_over: int = 0
    jump_reason: str | None = None


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


async def note_findings(tx: Transaction, findings: Sequence[Found]) -> None:
    """Keep what was found last of each kind, and rank those of these clients who wait anew."""
    latest = {(one.client_id, one.finding): one for one in findings}
    await tx.execute(NOTE, *FOUND.arrays(latest.values()))
    ranks = await urgencies_of(tx, ((one.client_id, one.site_id) for one in findings))
    await tx.execute(RANK, list(ranks), list(ranks.values()))


async def make_offers(tx: Transaction, offers: Sequence[Offer]) -> list[UUID]:
    """Hold these seats, which the caller has found free with the site locked; publishes
    SeatOffered. The ids of the offers."""
    sites = {row["id"]: row for row in await tx.fetch(SITES, [one.site_id for one in offers])}
    rows: list[dict[str, Any]] = []
    for one in offers:
        site, policy = sites[one.site_id], waiting_policy(one.site_id)
        openings = [Window(*opening) for opening in site["openings"]]
        ends = expiry(tx.now, policy.offer, site["time_zone"], openings, site["closed"])
        row = {
            **{name: getattr(one, name, None) for name, _ in OFFERED.types},
            "id": new_id(),
            "offered_at": tx.now,
            "expires_at": ends,
        }
        rows.append(row)
        event = scheduling.SeatOffered(**row, offer_id=row["id"], time_zone=site["time_zone"])
        publish(tx, event, cause=one.cause)
    await tx.execute(OFFER, *OFFERED.arrays(rows))
    tx.wake()
    return [row["id"] for row in rows]


async def end_offers(
    tx: Transaction,
    ids: Sequence[UUID],
    outcome: Outcome,
    *,
    answered_by: str | None = None,
    reason: str | None = None,
    causes: Mapping[UUID, Received[Any] | None] | None = None,
) -> list[asyncpg.Record]:
    """End those of these offers, or of the offers of these stays, that are open, all in one way,
    and pass over who let one pass for a while; the caller has locked the sites. Publishes
    SeatAccepted, SeatDeclined, SeatOfferExpired or SeatOfferWithdrawn, with the cause of the
    stay."""
    rows = await tx.fetch(END, tx.now, ids, outcome, answered_by, reason)
    for row in rows:
        if outcome in ("declined", "expired"):
            days = waiting_policy(row["site_id"]).offer.again_after_days
            await tx.execute(ASK_NOT_BEFORE, row["enrolment_id"], tx.now + timedelta(days=days))
        event = ENDED[outcome](**row, ended_at=tx.now)
        publish(tx, event, cause=(causes or {}).get(row["enrolment_id"]))
    return rows
