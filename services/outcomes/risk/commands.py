"""Keeping intake's flags, raising the risks of treatment, and what becomes of both."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.outcomes.board.commands import tell
from services.outcomes.engagement.commands import lock_clients, lock_records
from services.outcomes.risk.policy import course_risks
from services.outcomes.risk.queries import show_risk
from services.outcomes.risk.rules import NEXT, Missed, missed_after
from services.outcomes.risk.schemas import Acknowledgement, Closing, RiskInFull
from services.outcomes.step_down.commands import evaluate_clients
from shared.contracts.intake import RiskFlagAcknowledged, RiskFlagRaised, RiskSeverity
from shared.contracts.outcomes import (
    CourseRiskAcknowledged,
    CourseRiskEscalated,
    CourseRiskKind,
    CourseRiskRaised,
    RiskResolved,
)
from shared.database import Columns, Transaction, update
from shared.errors import Conflict, Invalid, require_version
from shared.escalation import escalation
from shared.ids import new_id
from shared.messaging.consumer import Received

FLAGS = Columns.by_type(
    uuid="id client_id site_id", text="kind severity cause", timestamptz="raised_at acknowledge_by"
)
KEEP = f"""
INSERT INTO risks AS r ({FLAGS.names}, origin, state)
SELECT {FLAGS.names}, 'intake', 'raised' FROM {FLAGS.rows}
ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, cause = excluded.cause,
  acknowledge_by = least(r.acknowledge_by, excluded.acknowledge_by), version = r.version + 1
WHERE r.severity = 'moderate' AND excluded.severity = 'high'
"""  # noqa: S608 - the columns are above
ACKNOWLEDGED = Columns.of(flag_id="uuid", action="text", acknowledged_at="timestamptz")
ACKNOWLEDGE = f"""
UPDATE risks r SET state = 'acknowledged', action = given.action,
  acknowledged_at = given.acknowledged_at, version = r.version + 1
FROM {ACKNOWLEDGED.rows} WHERE r.id = given.flag_id AND r.state = 'raised'
"""  # noqa: S608 - the columns are above
HIGH = """
SELECT f.id, f.client_id, f.site_id, person.records,
  (f.raised_at AT TIME ZONE zone.name)::date AS raised_on,
  ARRAY(SELECT session_id FROM missed_sessions WHERE client_id = ANY (person.records)
        AND starts_at > f.raised_at ORDER BY starts_at, session_id) AS sessions,
  ARRAY(SELECT (starts_at AT TIME ZONE zone.name)::date FROM missed_sessions
        WHERE client_id = ANY (person.records) AND starts_at > f.raised_at
        ORDER BY starts_at, session_id) AS days,
  own.id AS own_id, own.severity AS own_severity
FROM risks f
LEFT JOIN sites z ON z.site_id = f.site_id
CROSS JOIN LATERAL (SELECT coalesce(z.time_zone, 'UTC') AS name) zone
CROSS JOIN LATERAL (SELECT platform.records_of(f.client_id) AS records) person
LEFT JOIN risks own ON own.client_id = f.client_id AND own.kind = 'missed_after_high_risk'
  AND f.id = ANY (own.cause_ids) AND own.resolution IS DISTINCT FROM 'cause_withdrawn'
WHERE f.client_id IN (
    SELECT unnest(platform.records_of(c.id)) FROM unnest($1::uuid[]) AS c (id)
  ) AND f.severity = 'high' AND f.kind <> 'missed_after_high_risk'
  AND (own.id IS NULL AND f.state <> 'resolved' OR own.state = 'raised')
ORDER BY f.client_id, f.raised_at, f.id
"""
"""High risks whose missed sessions were not told yet, or were and nobody took charge so far.
Several of them may have come to one."""
RAISE = """
INSERT INTO risks AS r (id, client_id, site_id, origin, kind, severity, cause, cause_ids, state,
  raised_at, acknowledge_by, next_step_at)
VALUES ($1, $2, $3, 'outcomes', $4, $5, $6, $7, 'raised', $8, $9, $9)
ON CONFLICT (client_id, kind) WHERE origin = 'outcomes' AND state = 'raised' DO UPDATE SET
  severity = CASE r.severity WHEN 'high' THEN 'high' ELSE excluded.severity END,
  cause_ids = r.cause_ids || excluded.cause_ids,
  acknowledge_by = least(r.acknowledge_by, excluded.acknowledge_by),
  next_step_at = least(r.next_step_at, excluded.next_step_at),
  ladder_from = CASE WHEN r.next_step_at IS NULL THEN r.step ELSE r.ladder_from END,
  version = r.version + 1
RETURNING id AS risk_id, client_id, site_id, kind, severity, cause, cause_ids, acknowledge_by,
  raised_at
"""
DUE = """
SELECT id, client_id, site_id, kind, severity, step, ladder_from, next_step_at FROM risks
WHERE next_step_at <= $1 ORDER BY next_step_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""
AT_ONCE = 100
BY_ITSELF = "cause_withdrawn"
"""How a risk ends whose cause turned out not to be one, before anybody took charge."""


class StateDoesNotAllow(Conflict):
    """The risk is not in a state from which it could go on so."""


class AcknowledgedAtIntake(Conflict, title="Acknowledge this flag at intake"):
    """A risk flag of intake is acknowledged there, where its guidance is."""


class UnknownWord(Invalid):
    """Not one of the words that the risk lists."""


async def keep_flags(tx: Transaction, received: Sequence[Received[RiskFlagRaised]]) -> None:
    """Keep intake's flags; one told again is more severe now."""
    for one in received:  # one by one, as a flag may be there twice in a batch
        flag = {**dict(one.event), "id": one.event.flag_id, "cause": one.event.found_in}
        await tx.execute(KEEP, *FLAGS.arrays([flag]))


async def keep_acknowledgements(tx: Transaction, told: Sequence[RiskFlagAcknowledged]) -> None:
    """Keep that a clinician took charge of flags at intake."""
    await lock_clients(tx, told)
    await tx.execute(ACKNOWLEDGE, *ACKNOWLEDGED.arrays(told))


async def look_at_missed(
    tx: Transaction, clients: Iterable[UUID], cause: Received[Any] | None
) -> bool:
    """Raise what the missed sessions of locked clients come to, and take back what they do not any
    more; publishes CourseRiskRaised and RiskResolved. Whether there was anything of it."""
    stands: dict[UUID, bool] = {}
    changed = False
    for row in await tx.fetch(HIGH, list(set(clients))):
        rule = course_risks(row["site_id"]).missed_after_high_risk
        missed = [Missed(s, on) for s, on in zip(row["sessions"], row["days"], strict=True)]
        sessions = missed_after(row["raised_on"], missed, rule)
        if row["own_id"] is None and sessions:
            ids = [row["id"], *sessions]
            own = await raise_risk(
                tx, row, "missed_after_high_risk", rule.severity, "missed_sessions", ids, cause
            )
            stands[own] = changed = True
        elif row["own_id"] is not None:
            stands[row["own_id"]] = bool(sessions) or stands.get(row["own_id"], False)
    for own in [one for one, holds in stands.items() if not holds]:
        await _close(tx, await show_risk(tx, own, lock=True), BY_ITSELF, None, cause)
        changed = True
    return changed


async def raise_risk(
    tx: Transaction,
    who: Any,
    kind: CourseRiskKind,
    severity: RiskSeverity,
    cause_of: str,
    cause_ids: Sequence[UUID],
    cause: Received[Any] | None = None,
) -> UUID:
    """Raise a risk of `who["client_id"]`; publishes CourseRiskRaised. What is found again while one
    of the kind is open joins it, and it becomes no less severe."""
    by = tx.now + course_risks(who["site_id"]).urgencies[severity].within
    about = (who["client_id"], who["site_id"], kind, severity, cause_of, list(cause_ids))
    row = await tx.fetchrow(RAISE, new_id(), *about, tx.now, by)
    assert row is not None  # inserted or joined
    event = CourseRiskRaised.model_validate({**row, "cause": cause_of})
    tell(tx, event, cause=cause)
    tx.wake()
    return event.risk_id


async def acknowledge(
    tx: Transaction, risk_id: UUID, expected: int, given: Acknowledgement, *, by: str
) -> RiskInFull:
    """Take charge of a risk and say what was done; publishes CourseRiskAcknowledged.

    Raises:
        NotFound, StaleVersion: as ever.
        AcknowledgedAtIntake: it is a flag of intake.
        StateDoesNotAllow: somebody took charge before.
        UnknownWord: with a pointer.
    """
    risk = await _locked(tx, risk_id, expected)
    if risk.origin == "intake":
        raise AcknowledgedAtIntake("Acknowledge the risk flag at intake; it is told here then.")
    _check_state(risk, "acknowledge")
    _check_word(given.action, course_risks(risk.site_id).actions, "/action")
    changes = {"state": "acknowledged", "acknowledged_by": by, "acknowledged_at": tx.now}
    changed = await _change(tx, risk, {**changes, **dict(given)})
    tell(tx, CourseRiskAcknowledged.model_validate({**dict(changed), "risk_id": risk_id}))
    await evaluate_clients(tx, [risk.client_id])
    return changed


async def resolve(
    tx: Transaction, risk_id: UUID, expected: int, given: Closing, *, by: str
) -> RiskInFull:
    """Say that a risk is over, one of intake too; publishes RiskResolved.

    Raises:
        NotFound, StaleVersion: as ever.
        StateDoesNotAllow: nobody took charge yet, or it is over.
        UnknownWord: with a pointer.
    """
    risk = await _locked(tx, risk_id, expected)
    _check_state(risk, "resolve")
    _check_word(given.resolution, course_risks(risk.site_id).resolutions, "/resolution")
    return await _close(tx, risk, given.resolution, by, None)


async def escalate_due(tx: Transaction) -> int:
    """Escalate risks that nobody acknowledged in time; publishes CourseRiskEscalated.

    After the last step of the ladder a risk stays open and nobody is told any more.
    """
    rows = await tx.fetch(DUE, tx.now, AT_ONCE)
    for row in rows:
        ladder = course_risks(row["site_id"]).urgencies[row["severity"]]
        begun = row["ladder_from"]
        told = escalation(ladder, row["step"] - begun, row["next_step_at"], tx.now)
        changes = {"step": begun + told.step, "next_step_at": told.next_at}
        await tx.execute(*update("risks", changes, where={"id": row["id"]}, versioned=False))
        if changes["step"] > row["step"]:
            event = {**dict(row), **changes, "risk_id": row["id"], "escalated_at": tx.now}
            tell(tx, CourseRiskEscalated(**event, last=told.next_at is None))
    return len(rows)


async def _locked(tx: Transaction, risk_id: UUID, expected: int) -> RiskInFull:
    """A risk to change; nobody else changes what a recommendation to its client rests on."""
    await lock_records(tx, [(await show_risk(tx, risk_id)).client_id])
    risk = await show_risk(tx, risk_id, lock=True)
    require_version(risk.version, expected)
    return risk


async def _close(
    tx: Transaction, risk: RiskInFull, resolution: str, by: str | None, cause: Received[Any] | None
) -> RiskInFull:
    changes = {"state": "resolved", "resolution": resolution, "resolved_by": by}
    changed = await _change(tx, risk, {**changes, "resolved_at": tx.now})
    event = RiskResolved.model_validate({**dict(changed), "risk_id": risk.id})
    tell(tx, event, cause=cause)
    return changed


async def _change(tx: Transaction, risk: RiskInFull, changes: Mapping[str, Any]) -> RiskInFull:
    """It escalates no further."""
    row = {**changes, "next_step_at": None}
    await tx.execute(*update("risks", row, where={"id": risk.id}))
    return risk.changed(**changes, overdue=False)


def _check_state(risk: RiskInFull, happening: str) -> None:
    if happening not in NEXT[risk.state]:
        raise StateDoesNotAllow(f"This risk is {risk.state}.")


def _check_word(word: str, known: Any, pointer: str) -> None:
    if word not in known:
        raise UnknownWord(f"Name one of these: {', '.join(known)}.", pointer=pointer)
