"""Reconsidering a client's dual diagnosis, recording diagnoses, and deciding."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson

from services.intake.dual_diagnosis import rules
from services.intake.dual_diagnosis.policies import policy
from services.intake.dual_diagnosis.queries import known_of, show_dual_diagnosis
from services.intake.dual_diagnosis.rules import Known, Screen, Status
from services.intake.dual_diagnosis.schemas import (
    Diagnosis,
    NewDecision,
    NewDiagnosis,
    ShownDualDiagnosis,
)
from services.intake.referrals.queries import show_client
from shared.contracts.intake import DualDiagnosisChanged, TrackNeed
from shared.database import Transaction
from shared.errors import Conflict, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

MERGE = """
INSERT INTO dual_diagnoses AS held
  (client_id, site_id, screens, diagnoses, status, needs, changed_at)
VALUES ($1, $2, $3::text::jsonb, $4::text::jsonb, 'none', '{}', $5)
ON CONFLICT (client_id) DO UPDATE SET
  diagnoses = held.diagnoses || excluded.diagnoses,
  screens = held.screens || coalesce((
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(excluded.screens)
    WHERE held.screens -> key IS NULL OR held.screens -> key ->> 'at' <= value ->> 'at'
  ), '{}')
RETURNING status, needs, screens, diagnoses, changed_at, version
"""
"""Enters what is new, each screen unless answers from later are known, and tells all that the
decision rests on. The row is held until the commit, so that of two at once each sees the other."""
CHANGE = """
WITH changed AS (
  UPDATE dual_diagnoses SET status = $3, needs = $4, changed_at = $5, version = version + 1
  WHERE client_id = $2 RETURNING client_id, site_id
)
INSERT INTO dual_diagnosis_changes
  (id, client_id, site_id, status, needs, found_in, policy_id, policy_version, reason, note,
   decided_by, changed_at)
SELECT $1, client_id, site_id, $3, $4, $6, $7, $8, $9, $10, $11, $5 FROM changed
"""
RECORD = """
INSERT INTO diagnoses
  (id, client_id, site_id, code, status, psychotropic_medication, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


class NothingToDecide(Conflict):
    """What is to be decided cannot follow from how things stand."""

    title = "Nothing to decide"


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided what a change says, and why; for a change that no policy made."""

    reason: str
    note: str | None
    by: str


async def reconsider(
    tx: Transaction, client_id: UUID, site_id: UUID, screens: Sequence[Screen]
) -> Status | None:
    """Take in the results of a sitting and suspect a dual diagnosis where the policy says so.

    Tells the status that follows, or None when none of the instruments matters. One round trip,
    none when none matters, and one more where the status or the needs change: then it publishes
    DualDiagnosisChanged.
    """
    counting = [one for one in screens if one.instrument in policy().screens]
    if not counting:
        return None
    return await _reconsider(tx, client_id, site_id, counting, ())


async def _reconsider(
    tx: Transaction,
    client_id: UUID,
    site_id: UUID,
    screens: Sequence[Screen],
    diagnoses: Sequence[Diagnosis],
) -> Status:
    row = await tx.fetchrow(MERGE, client_id, site_id, _kept(screens), _standing(diagnoses), tx.now)
    assert row is not None
    known = known_of(row)
    found = rules.reconsider(policy(), row["status"], row["changed_at"], known)
    if (found.status, list(found.needs)) != (row["status"], row["needs"]):
        changed_at = tx.now if found.status != row["status"] else row["changed_at"]
        await _change(tx, client_id, site_id, found.status, found.needs, known, changed_at)
    return found.status


async def record_diagnosis(
    tx: Transaction, client_id: UUID, new: NewDiagnosis, *, recorded_by: str
) -> Diagnosis:
    """Record a diagnosis and reconsider what follows; may publish DualDiagnosisChanged.

    Raises:
        NotFound: no such client.
        ClientMerged: another client goes on for this one.
    """
    client = await show_client(tx, client_id, begins=True)
    made = Diagnosis(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        code=new.code,
        status=new.status,
        psychotropic_medication=new.psychotropic_medication,
        recorded_by=recorded_by,
        recorded_at=tx.now,
    )
    await tx.execute(
        RECORD,
        made.id,
        client_id,
        made.site_id,
        new.code,
        new.status,
        new.psychotropic_medication,
        recorded_by,
        tx.now,
    )
    await _reconsider(tx, client_id, client.site_id, (), (made,))
    return made


async def decide(
    tx: Transaction, client_id: UUID, expected: int, new: NewDecision, *, decided_by: str
) -> ShownDualDiagnosis:
    """Confirm a dual diagnosis or rule it out; publishes DualDiagnosisChanged.

    Raises:
        NotFound: no such client.
        NothingToDecide, StaleVersion: it does not stand as it was read.
    """
    shown, known = await show_dual_diagnosis(tx, client_id, hold=True)
    status = rules.after(shown.status, new.decision)
    if status is None:
        raise NothingToDecide(
            f"The status is {shown.status}: record the diagnosis or screen anew first."
            if shown.status in ("none", "ruled_out")
            else "It is confirmed already."
        )
    require_version(shown.version, expected)
    needs = rules.needs(policy(), status, known)
    decided = Decided(new.reason, new.note, decided_by)
    await _change(tx, client_id, shown.site_id, status, needs, known, tx.now, decided)
    return shown.model_copy(
        update={
            "status": status,
            "needs": list(needs),
            "changed_at": tx.now,
            "version": shown.version + 1,
        }
    )


async def _change(
    tx: Transaction,
    client_id: UUID,
    site_id: UUID,
    status: Status,
    needs: Sequence[TrackNeed],
    known: Known,
    changed_at: datetime,
    decided: Decided | None = None,
) -> None:
    assert status != "none"
    rested_on = (
        *rules.findings(policy().substance_use, known),
        *rules.findings(policy().mental_health, known),
    )
    await tx.execute(
        CHANGE,
        new_id(),
        client_id,
        status,
        list(needs),
        changed_at,
        [one.found_in for one in rested_on],
        policy().id,
        policy().version,
        decided and decided.reason,
        decided and decided.note,
        decided and decided.by,
    )
    publish(
        tx,
        DualDiagnosisChanged(
            client_id=client_id,
            site_id=site_id,
            status=status,
            needs=list(needs),
            changed_at=tx.now,
        ),
    )


def _kept(screens: Sequence[Screen]) -> str:
    """Screens as they are kept; instants in one form, so that they can be compared as text."""
    return orjson.dumps(
        {
            one.instrument: {
                "positive": one.positive,
                "band": one.band,
                "at": one.answered_at.astimezone(UTC).isoformat(timespec="microseconds"),
            }
            for one in screens
        }
    ).decode()


def _standing(diagnoses: Sequence[Diagnosis]) -> str:
    """How diagnoses stand, as it is kept."""
    return orjson.dumps(
        {
            one.code: {
                "status": one.status,
                "medicated": one.psychotropic_medication,
                "at": one.recorded_at,
            }
            for one in diagnoses
        }
    ).decode()
