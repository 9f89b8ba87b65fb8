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
from shared.database import Transaction
from shared.errors import Conflict, Invalid, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish
from shared.telemetry.tracing import current_traceparent

RAISE = """
INSERT INTO risk_flags AS flag (
  id, client_id, site_id, kind, severity, state, found_in, raising_id, raised_at, last_found_at,
  acknowledge_by, escalate_at, traceparent, policy_version)
SELECT f.id, $1, $2, f.kind, f.severity, 'raised', f.found_in, f.id, $3, $3,
  f.acknowledge_by, f.acknowledge_by, $4, $5
FROM unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::timestamptz[])
  AS f(id, kind, severity, found_in, acknowledge_by)
ON CONFLICT (client_id, kind) WHERE state <> 'acknowledged' DO UPDATE SET
  found_count = flag.found_count + 1,
  last_found_at = excluded.last_found_at,
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
"""
"""One statement for all findings. A flag that is open already takes over a finding only if that is
more severe; its deadline only comes nearer, and so does its next step."""

ACKNOWLEDGE = """
UPDATE risk_flags SET state = $2, action = $3, note = $4, acknowledged_by = $5,
  acknowledged_at = $6, version = version + 1
WHERE id = $1
"""


class AlreadyAcknowledged(Conflict):
    """A clinician took charge of the flag before."""

    title = "Acknowledged already"


class ActionNotForThisRisk(Invalid):
    """The policy does not list the action for this kind of risk."""

    title = "Action is not for this risk"


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
    found = [(new_id(), finding) for finding in most_severe(findings)]
    rows = await tx.fetch(
        RAISE,
        client_id,
        site_id,
        tx.now,
        current_traceparent(),
        policy.version,
        [raising for raising, _ in found],
        [f.kind for _, f in found],
        [f.severity for _, f in found],
        [f.found_in for _, f in found],
        [tx.now + policy.urgency(f.kind, f.severity).schedule.within for _, f in found],
    )
    flags = {row["kind"]: row for row in rows}
    for raising, finding in found:
        flag = flags[finding.kind]
        if flag["raising_id"] != raising:
            continue
        metrics.flags.labels(finding.kind, finding.severity, "raised").inc()
        publish(
            tx,
            RiskFlagRaised(
                client_id=client_id,
                site_id=site_id,
                flag_id=flag["id"],
                kind=finding.kind,
                severity=finding.severity,
                found_in=finding.found_in,
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
    flag = await show_flag(tx, flag_id, hold=True)
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
    await tx.execute(ACKNOWLEDGE, flag_id, state, given.action, given.note, by, tx.now)
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
    return flag.model_copy(
        update={
            "state": state,
            "escalates_at": None,
            "next_told": None,
            "overdue": False,
            "action": given.action,
            "note": given.note,
            "acknowledged_by": by,
            "acknowledged_at": tx.now,
            "version": flag.version + 1,
        }
    )
