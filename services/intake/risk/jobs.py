"""The job that escalates: a flag that nobody acknowledged is told to the next people, step by step.

Any number of workers may run it: a flag that another one has locked is left to that one, and the
step and its event are committed together; so every step is told once. After the last step of the
ladder the flag stays open and nobody is told any more.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanKind

from services.intake.risk import metrics
from services.intake.risk.policy import risk_policy
from services.intake.risk.rules.flags import after
from shared.contracts.intake import RiskFlagEscalated
from shared.database import Columns, Transaction
from shared.escalation import escalation
from shared.jobs import Job
from shared.messaging.outbox import publish
from shared.telemetry.tracing import link_to, span_from

BATCH = 100
NEXT_DUE = "SELECT min(escalate_at) FROM risk_flags WHERE state <> 'acknowledged'"
DUE = """
SELECT id, client_id, site_id, kind, severity, state, step, ladder_from, escalate_at, traceparent
FROM risk_flags WHERE state <> 'acknowledged' AND escalate_at <= $1
ORDER BY escalate_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""
MOVED = Columns.of(id="uuid", state="text", step="integer", escalate_at="timestamptz")
MOVE = f"""
UPDATE risk_flags f
SET state = given.state, step = given.step, escalate_at = given.escalate_at
FROM {MOVED.rows} WHERE f.id = given.id
"""  # noqa: S608 - constants only


async def escalate_due(tx: Transaction) -> int:
    """Escalate flags that are due and that nobody else has locked; publishes RiskFlagEscalated."""
    policy = risk_policy()
    moved = []
    for flag in await tx.fetch(DUE, tx.now, BATCH):
        ladder, begun = policy.urgency(flag["kind"], flag["severity"]), flag["ladder_from"]
        told = escalation(ladder, flag["step"] - begun, flag["escalate_at"], tx.now)
        now = {**dict(flag), "step": begun + told.step, "escalate_at": told.next_at}
        if now["step"] > flag["step"]:
            now["state"] = after(flag["state"], "escalate")
            _tell(tx, now)
        moved.append(now)
    if moved:
        await tx.execute(MOVE, *MOVED.arrays(moved))
    return len(moved)


def _tell(tx: Transaction, flag: Mapping[str, Any]) -> None:
    """Publish the step in a trace of its own, linked to what raised the flag."""
    metrics.flags.labels(flag["kind"], flag["severity"], "escalated").inc()
    with span_from(
        None,
        "escalate risk flag",
        kind=SpanKind.PRODUCER,
        attributes={
            "stepwell.risk_flag.id": str(flag["id"]),
            "stepwell.risk_flag.step": flag["step"],
        },
        links=link_to(flag["traceparent"]),
    ):
        publish(
            tx,
            RiskFlagEscalated(
                client_id=flag["client_id"],
                site_id=flag["site_id"],
                flag_id=flag["id"],
                kind=flag["kind"],
                severity=flag["severity"],
                step=flag["step"],
                last=flag["escalate_at"] is None,
                escalated_at=tx.now,
            ),
        )


escalation_job = Job.of("escalate risk flags", NEXT_DUE, escalate_due)
"""Due when the next open flag escalates."""
