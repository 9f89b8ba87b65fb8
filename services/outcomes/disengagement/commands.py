"""Keeping the score of each stay, and raising its risk once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from services.outcomes.board.commands import tell
from services.outcomes.disengagement.policy import disengagement_policy
from services.outcomes.disengagement.rules import assess, step
from services.outcomes.engagement.commands import lock_clients
from shared.contracts.base import PolicyReference
from shared.contracts.outcomes import DisengagementRiskRaised, EngagementChanged
from shared.database import Columns, Transaction
from shared.messaging.consumer import Received

SCORES = Columns.by_type(
    uuid="enrolment_id client_id site_id",
    bigint="source_sequence",
    integer="score",
    jsonb="factors",
    text="policy_id policy_version",
    timestamptz="assessed_at raised_at cleared_at",
)
KEEP = SCORES.upsert("disengagement", "enrolment_id")
KNOWN = """
SELECT k.enrolment_id, coalesce(d.source_sequence, 0) AS source_sequence, d.raised_at, d.cleared_at,
  e.ended_at IS NOT NULL AS ended
FROM unnest($1::uuid[]) AS k (enrolment_id)
LEFT JOIN disengagement d USING (enrolment_id) LEFT JOIN episodes e USING (enrolment_id)
"""


async def assess_stays(tx: Transaction, received: Sequence[Received[EngagementChanged]]) -> None:
    """Keep the score by the latest figures of each stay; publishes DisengagementRiskRaised.

    Figures that name no stay, those from before version 1.2 and those of a stay that has ended are
    passed over, and older ones than are known change nothing; so what comes twice raises nothing
    twice.
    """
    latest: dict[UUID, Received[EngagementChanged]] = {}
    for one in received:
        stay = one.event.enrolment_id
        if stay is None or one.event.week_missed_minutes is None:
            continue
        if stay not in latest or _sequence(latest[stay]) < _sequence(one):
            latest[stay] = one
    if not latest:
        return
    await lock_clients(tx, [one.event for one in received])  # of all, in one order
    rows: list[dict[str, Any]] = []
    for known in await tx.fetch(KNOWN, sorted(latest)):
        one = latest[known["enrolment_id"]]
        if known["ended"] or known["source_sequence"] >= one.event.source_sequence:
            continue
        policy = disengagement_policy(one.event.site_id)
        found = assess(policy, one.event)
        at_risk = known["raised_at"] is not None and known["cleared_at"] is None
        next_step = step(policy, found.score, at_risk=at_risk)
        raised_at, cleared_at = known["raised_at"], known["cleared_at"]
        if next_step == "raise":
            raised_at, cleared_at = tx.now, None
            event = {
                **dict(one.event),
                "score": found.score,
                "factors": found.factors,
                "threshold": policy.raise_at,
                "policy": PolicyReference(id=policy.id, version=policy.version),
                "raised_at": tx.now,
            }
            tell(tx, DisengagementRiskRaised.model_validate(event), cause=one)
        elif next_step == "clear":
            cleared_at = tx.now
        rows.append(
            {
                **dict(one.event),
                "score": found.score,
                "factors": orjson.dumps([f.model_dump() for f in found.factors]).decode(),
                "policy_id": policy.id,
                "policy_version": policy.version,
                "assessed_at": tx.now,
                "raised_at": raised_at,
                "cleared_at": cleared_at,
            }
        )
    await tx.write(KEEP, *SCORES.arrays(rows))


def _sequence(one: Received[EngagementChanged]) -> int:
    return one.event.source_sequence
