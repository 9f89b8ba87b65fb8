"""Reconsidering a client's dual diagnosis, recording diagnoses, and deciding."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from services.intake.dual_diagnosis import rules
from services.intake.dual_diagnosis.policy import policy
from services.intake.dual_diagnosis.queries import shown_of, standing
from services.intake.dual_diagnosis.rules import Screen, Status
from services.intake.dual_diagnosis.schemas import (
    Diagnosis,
    NewDecision,
    NewDiagnosis,
    ShownDualDiagnosis,
)
from services.intake.dual_diagnosis.standing import Standing, of_person
from services.intake.referrals.queries import lock_client, show_client
from shared.contracts.intake import DualDiagnosisChanged
from shared.database import Transaction, insert, upsert
from shared.errors import Conflict, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

DECIDE = """
INSERT INTO dual_diagnoses AS d
  (client_id, site_id, screens, diagnoses, status, needs, changed_at)
VALUES ($1, $5, '{}', '{}', $2, $3, $4)
ON CONFLICT (client_id) DO UPDATE SET status = excluded.status, needs = excluded.needs,
  changed_at = excluded.changed_at, version = d.version + 1
"""
"""The decision is kept of the client that goes on, of whom nothing else may be kept yet."""


class NothingToDecide(Conflict):
    """What is to be decided cannot follow from how things stand."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided what a change says, and why; for a change that no policy made."""

    reason: str
    note: str | None
    decided_by: str


async def reconsider(
    tx: Transaction,
    client_id: UUID,
    site_id: UUID,
    screens: Sequence[Screen],
    *,
    kept: Standing,
) -> Status | None:
    """Take in the results of a sitting and suspect a dual diagnosis where the policy says so, by
    all records of the person.

    Tells the status that follows, or None when none of the instruments matters; publishes
    DualDiagnosisChanged where the status or the needs change. `kept` is what the caller has read
    of the client since it locked it.
    """
    counting = [one for one in screens if one.instrument in policy().screens]
    if not counting:
        return None
    return await _reconsider(tx, client_id, site_id, kept, counting, ())


async def _reconsider(
    tx: Transaction,
    client_id: UUID,
    site_id: UUID,
    kept: Standing,
    screens: Sequence[Screen],
    diagnoses: Sequence[Diagnosis],
) -> Status:
    now_screens = kept.screens | {
        name: one
        for name, one in _kept(screens).items()
        if name not in kept.screens or kept.screens[name]["at"] <= one["at"]
    }
    now_diagnoses = kept.diagnoses | _standing(diagnoses)
    found = _with(tx, kept, now_screens, now_diagnoses)
    before, after = of_person(policy(), kept), of_person(policy(), found)
    changed = (before.status, before.needs) != (after.status, after.needs)
    row = {
        "client_id": client_id,
        "site_id": site_id,
        "screens": orjson.dumps(now_screens).decode(),
        "diagnoses": orjson.dumps(now_diagnoses).decode(),
        "status": found.status,
        "needs": found.needs,
        "changed_at": found.changed_at,
        "version": max(kept.version, 1) + changed,
    }
    await tx.execute(*upsert("dual_diagnoses", row, key="client_id"))
    if changed:
        await _tell_change(tx, client_id, site_id, after, found.changed_at or tx.now)
    return after.status


def _with(
    tx: Transaction, kept: Standing, screens: dict[str, Any], diagnoses: dict[str, Any]
) -> Standing:
    """What is kept of the record alone, so that it holds after the undo of a merge."""
    now = replace(kept, screens=screens, diagnoses=diagnoses)
    changed_at = kept.changed_at or tx.now
    found = rules.reconsider(policy(), kept.status, changed_at, now.known)
    return replace(
        now,
        status=found.status,
        needs=list(found.needs),
        changed_at=changed_at if found.status == kept.status else tx.now,
        version=max(kept.version, 1),
    )


async def leave_screens_behind(tx: Transaction, client_id: UUID, site_id: UUID) -> None:
    """Reconsider a client whose stay has ended: its screens say nothing of what is needed now.

    What was suspected is still left to a clinician. Publishes DualDiagnosisChanged where the needs
    change.
    """
    kept = await standing(tx, client_id)
    if kept.version:
        await _reconsider(tx, client_id, site_id, kept, (), ())


async def record_diagnosis(
    tx: Transaction, client_id: UUID, new: NewDiagnosis, *, recorded_by: str
) -> Diagnosis:
    """Record a diagnosis and reconsider what follows; may publish DualDiagnosisChanged.

    Raises:
        NotFound: no such client.
        ClientMerged: another client goes on for this one.
    """
    await lock_client(tx, client_id)
    client = await show_client(tx, client_id, begins=True)
    made = Diagnosis(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        **new.model_dump(),
        recorded_by=recorded_by,
        recorded_at=tx.now,
    )
    await tx.execute(*insert("diagnoses", made.model_dump()))
    kept = await standing(tx, client_id)
    await _reconsider(tx, client_id, client.site_id, kept, (), (made,))
    return made


async def decide(
    tx: Transaction, client_id: UUID, expected: int, new: NewDecision, *, decided_by: str
) -> ShownDualDiagnosis:
    """Confirm a dual diagnosis or rule it out; publishes DualDiagnosisChanged.

    Raises:
        NotFound: no such client.
        ClientMerged: another client goes on for this one.
        NothingToDecide, StaleVersion: it does not stand as it was read.
    """
    await lock_client(tx, client_id)
    client = await show_client(tx, client_id, begins=True)
    own = await standing(tx, client_id)
    known = of_person(policy(), own)
    status = rules.after(known.status, new.decision)
    if status is None:
        raise NothingToDecide(
            f"The status is {known.status}: record the diagnosis or screen anew first."
            if known.status in ("none", "ruled_out")
            else "It is confirmed already."
        )
    require_version(known.version, expected)
    decided = replace(
        known,
        status=status,
        needs=list(rules.needs(policy(), status, known.known)),
        changed_at=tx.now,
        version=known.version + 1,
    )
    needs = list(rules.needs(policy(), status, own.known))
    await tx.execute(DECIDE, client_id, status, needs, tx.now, client.site_id)
    by = Decided(new.reason, new.note, decided_by)
    await _tell_change(tx, client_id, client.site_id, decided, tx.now, by)
    return shown_of(client_id, client.site_id, decided)


async def _tell_change(
    tx: Transaction,
    client_id: UUID,
    site_id: UUID,
    now: Standing,
    changed_at: datetime,
    decided: Decided | None = None,
) -> None:
    """Keep the change in the client's history, and publish it."""
    assert now.status != "none"
    rested_on = (
        *rules.findings(policy().substance_use, now.known),
        *rules.findings(policy().mental_health, now.known),
    )
    row = {
        "id": new_id(),
        "client_id": client_id,
        "site_id": site_id,
        "status": now.status,
        "needs": now.needs,
        "found_in": [one.found_in for one in rested_on],
        "policy_id": policy().id,
        "policy_version": policy().version,
        **(asdict(decided) if decided else {}),
        "changed_at": changed_at,
    }
    await tx.execute(*insert("dual_diagnosis_changes", row))
    publish(
        tx,
        DualDiagnosisChanged(
            client_id=client_id,
            site_id=site_id,
            status=now.status,
            needs=now.needs,
            changed_at=tx.now,
        ),
    )


def _kept(screens: Sequence[Screen]) -> dict[str, Any]:
    """Screens as they are kept; instants in one form, so that they can be compared as text."""
    return {
        one.instrument: {
            "positive": one.positive,
            "band": one.band,
            "at": one.answered_at.astimezone(UTC).isoformat(timespec="microseconds"),
        }
        for one in screens
    }


def _standing(diagnoses: Sequence[Diagnosis]) -> dict[str, Any]:
    """How diagnoses stand, as it is kept."""
    return {
        one.code: {
            "status": one.status,
            "medicated": one.psychotropic_medication,
            "at": one.recorded_at.isoformat(),
        }
        for one in diagnoses
    }
