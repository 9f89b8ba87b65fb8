"""Raising risk flags, acknowledging them, and escalating those that nobody acknowledged."""

from collections.abc import Sequence
from uuid import UUID

from services.intake.risk import metrics
from services.intake.risk.policy import risk_policy
from services.intake.risk.queries import show_flag
from services.intake.risk.rules import Finding
from services.intake.risk.rules.flags import after, most_severe
from services.intake.risk.schemas import Acknowledgement, RiskFlagInFull
from shared.contracts.intake import RiskFlagAcknowledged, RiskFlagRaised
from shared.database import Columns, Transaction, update
from shared.errors import Conflict, Invalid, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish
from shared.telemetry.tracing import current_traceparent

FOUND = Columns.of(
    id="uuid", kind="text", severity="text", found_in="text", acknowledge_by="timestamptz"
)
RAISE = f"""
INSERT INTO risk_flags AS flag (
  {FOUND.names}, raising_id, escalate_at, state, client_id, site_id, raised_at, last_found_at,
  traceparent, policy_version)
SELECT given.*, given.id, given.acknowledge_by, 'raised', {FOUND.next}, {FOUND.after(1)},
  {FOUND.after(2)}, {FOUND.after(2)}, {FOUND.after(3)}, {FOUND.after(4)}
FROM {FOUND.rows}
ON CONFLICT (client_id, kind) WHERE state <> 'acknowledged' DO UPDATE SET
  found_count = flag.found_count + 1,
  last_found_at = excluded.last_found_at,
  ladder_from = CASE WHEN flag.escalate_at IS NULL THEN flag.step ELSE flag.ladder_from END,
  (severity, found_in, raising_id, acknowledge_by, escalate_at, traceparent, policy_version,
    version) = (
    SELECT n.* FROM (
      SELECT excluded.severity, excluded.found_in, excluded.raising_id,
        least(flag.acknowledge_by, excluded.acknowledge_by),
        least(flag.escalate_at, excluded.acknowledge_by), excluded.traceparent,
        excluded.policy_version, flag.version + 1
      WHERE excluded.severity = 'high' AND flag.severity = 'moderate'
      UNION ALL
      SELECT flag.severity, flag.found_in, flag.raising_id, flag.acknowledge_by, flag.escalate_at,
        flag.traceparent, flag.policy_version, flag.version
      WHERE NOT (excluded.severity = 'high' AND flag.severity = 'moderate')
    ) AS n)
RETURNING id, kind, raising_id, raised_at, acknowledge_by
"""  # noqa: S608 - constants only
"""One statement for all findings. A flag that is open already takes over a finding only if that is
more severe; its deadline only comes nearer, and so does its next step. Where the ladder had ended
its people are told from its beginning again, and steps are counted on."""


class AlreadyAcknowledged(Conflict, title="Acknowledged already"):
    """A clinician took charge of the flag before."""


class ActionNotForThisRisk(Invalid, title="Action is not for this risk"):
    """The policy does not list the action for this kind of risk."""


class NoteNeeded(Invalid):
    """This action says too little without a word of explanation."""


async def raise_flags(
    tx: Transaction, client_id: UUID, site_id: UUID, findings: Sequence[Finding]
) -> list[UUID]:
    """Raise a flag for each finding; publishes RiskFlagRaised.

    A client's open flag of the same kind is not doubled: it only becomes more severe, which is told
    by RiskFlagRaised with the same id again. The ids of the open flags in which the findings stand
    now, new or not. Without findings nothing is asked of the database.
    """
    if not findings:
        return []
    policy = risk_policy()
    found = [
        {
            "id": new_id(),
            "kind": one.kind,
            "severity": one.severity,
            "found_in": one.found_in,
            "acknowledge_by": tx.now + policy.urgency(one.kind, one.severity).within,
        }
        for one in most_severe(findings)
    ]
    by = (client_id, site_id, tx.now, current_traceparent(), policy.version)
    rows = await tx.fetch(RAISE, *FOUND.arrays(found), *by)
    flags = {row["raising_id"]: row for row in rows}
    for one in found:
        if (flag := flags.get(one["id"])) is None:
            continue
        metrics.flags.labels(one["kind"], one["severity"], "raised").inc()
        publish(
            tx,
            RiskFlagRaised(
                client_id=client_id,
                site_id=site_id,
                flag_id=flag["id"],
                kind=one["kind"],
                severity=one["severity"],
                found_in=one["found_in"],
                acknowledge_by=flag["acknowledge_by"],
                raised_at=tx.now,
            ),
        )
    return [row["id"] for row in rows]


async def acknowledge(
    tx: Transaction, flag_id: UUID, expected: int, given: Acknowledgement, *, by: str
) -> RiskFlagInFull:
    """Take charge of a flag and say what was done; publishes RiskFlagAcknowledged.

    The note stays in intake. Waits for an escalation under way, and is not waited for by one.

    Raises:
        NotFound: no such flag.
        StaleVersion: the flag became more severe, or was acknowledged, since it was read.
        AlreadyAcknowledged: a clinician took charge before.
        ActionNotForThisRisk, NoteNeeded: with a pointer.
    """
    flag = await show_flag(tx, flag_id, lock=True)
    require_version(flag.version, expected)
    state = after(flag.state, "acknowledge")
    if state is None:
        raise AlreadyAcknowledged("A clinician took charge of this flag before.")
    action = risk_policy().allowed(flag.kind).get(given.action)
    if action is None:
        raise ActionNotForThisRisk(
            "Name one of the actions that the flag lists.", pointer="/action"
        )
    if action.note_needed and given.note is None:
        raise NoteNeeded("Say in a note why.", pointer="/note")
    changes = {
        "state": state,
        **dict(given),
        "acknowledged_by": by,
        "acknowledged_at": tx.now,
    }
    await tx.execute(*update("risk_flags", changes, where={"id": flag_id}))
    metrics.flags.labels(flag.kind, flag.severity, "acknowledged").inc()
    publish(
        tx,
        RiskFlagAcknowledged(
            client_id=flag.client_id,
            site_id=flag.site_id,
            flag_id=flag_id,
            kind=flag.kind,
            action=given.action,
            acknowledged_at=tx.now,
        ),
    )
    return flag.changed(**changes, escalates_at=None, next_told=None, overdue=False)
