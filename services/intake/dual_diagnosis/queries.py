"""Diagnoses and dual diagnoses as they are read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.intake.dual_diagnosis import rules
from services.intake.dual_diagnosis.policies import policy
from services.intake.dual_diagnosis.rules import Known, Screen, Status
from services.intake.dual_diagnosis.schemas import Change, Diagnosis, Found, ShownDualDiagnosis
from services.intake.referrals.queries import require_client, show_client
from shared.contracts.base import PolicyReference
from shared.contracts.intake import TrackNeed
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

STAY_ENDED = "(SELECT max(ended_at) FROM enrolments WHERE client_id = $1)"
"""When the client's former stay ended: screens answered up to then count no more."""
STATE = f"""
SELECT site_id, status, needs, screens, diagnoses, changed_at, version, {STAY_ENDED} AS since
FROM dual_diagnoses WHERE client_id = $1
"""  # noqa: S608 - the part is a constant above
STANDING = f"""
SELECT status, needs, screens, diagnoses, changed_at, version, xmin AS seen,
  {STAY_ENDED} AS since
FROM dual_diagnoses WHERE client_id = $1 FOR NO KEY UPDATE
"""  # noqa: S608 - the part is a constant above
TRACK = "SELECT status, needs FROM dual_diagnoses WHERE client_id = $1"
DIAGNOSIS = """
SELECT id, client_id, site_id, code, status, psychotropic_medication, recorded_by, recorded_at
FROM diagnoses WHERE client_id = $1
"""
DIAGNOSES = f"{DIAGNOSIS} AND id > $2 ORDER BY id LIMIT $3"
ONE_DIAGNOSIS = f"{DIAGNOSIS} AND id = $2"
CHANGES = """
SELECT id, client_id, site_id, status, needs, found_in, policy_id, policy_version, reason, note,
  decided_by, changed_at
FROM dual_diagnosis_changes WHERE client_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class DualDiagnosis:
    """What an enrolment has to know: the status, and what the track has to offer."""

    status: Status
    needs: tuple[TrackNeed, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """All that is kept of a client's dual diagnosis, for deciding anew."""

    status: Status
    needs: list[TrackNeed]
    screens: dict[str, Any]
    diagnoses: dict[str, Any]
    changed_at: datetime | None
    version: int
    """0 while nothing is kept."""
    seen: int | None
    """The version of the row in the database, which every write changes; None while there is no
    row."""
    since: datetime | None
    """Screens answered up to then belong to a stay that has ended."""


def standing_of(row: Any) -> Standing:
    """What a row says that has the columns of `STANDING`, or null in all of them."""
    if row["seen"] is None:
        return Standing("none", [], {}, {}, None, 0, None, row["since"])
    return Standing(
        row["status"],
        row["needs"],
        orjson.loads(row["screens"]),
        orjson.loads(row["diagnoses"]),
        row["changed_at"],
        row["version"],
        row["seen"],
        row["since"],
    )


async def held_standing(tx: Transaction, client_id: UUID) -> Standing:
    """What is kept of a client; if anything is, nobody else changes it until the commit."""
    row = await tx.fetchrow(STANDING, client_id)
    if row is None:
        since = await tx.fetchval(f"SELECT {STAY_ENDED}", client_id)
        return Standing("none", [], {}, {}, None, 0, None, since)
    return standing_of(row)


async def track_needs(tx: Transaction, client_id: UUID) -> DualDiagnosis:
    """What a client's dual diagnosis asks of the track; nothing while there is none."""
    row = await tx.fetchrow(TRACK, client_id)
    if row is None:
        return DualDiagnosis("none", ())
    return DualDiagnosis(row["status"], tuple(row["needs"]))


async def show_dual_diagnosis(
    tx: Transaction, client_id: UUID, *, hold: bool = False
) -> tuple[ShownDualDiagnosis, Known]:
    """What is known of a client, and what it rests on; with `hold` nobody else changes it.

    Raises:
        NotFound: no such client.
    """
    row = await tx.fetchrow(f"{STATE} FOR UPDATE" if hold else STATE, client_id)
    reference = PolicyReference(id=policy().id, version=policy().version)
    if row is None:
        client = await show_client(tx, client_id)
        nothing = ShownDualDiagnosis(
            client_id=client_id,
            site_id=client.site_id,
            status="none",
            needs=[],
            substance_use=[],
            mental_health=[],
            policy=reference,
            changed_at=None,
            version=0,
        )
        return nothing, Known((), ())
    known = known_of(orjson.loads(row["screens"]), orjson.loads(row["diagnoses"]), row["since"])
    substance = rules.findings(policy().substance_use, known)
    mental = rules.findings(policy().mental_health, known)
    shown = ShownDualDiagnosis(
        client_id=client_id,
        site_id=row["site_id"],
        status=row["status"],
        needs=row["needs"],
        substance_use=[Found(**asdict(one)) for one in substance],
        mental_health=[Found(**asdict(one)) for one in mental],
        policy=reference,
        changed_at=None if row["status"] == "none" else row["changed_at"],
        version=row["version"],
    )
    return shown, known


async def list_diagnoses(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Diagnosis]:
    """A client's diagnoses as they were recorded, oldest first.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(DIAGNOSES, client_id, paging.after, paging.limit + 1)
    if not rows:
        await require_client(tx, client_id)
    return page_of([Diagnosis(**dict(row)) for row in rows], paging.limit)


async def show_diagnosis(tx: Transaction, client_id: UUID, diagnosis_id: UUID) -> Diagnosis:
    """One recorded diagnosis.

    Raises:
        NotFound: none of that client that the caller may see.
    """
    row = await tx.fetchrow(ONE_DIAGNOSIS, client_id, diagnosis_id)
    if row is None:
        raise NotFound("There is no such diagnosis.")
    return Diagnosis(**dict(row))


async def list_changes(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Change]:
    """What became of a client's dual diagnosis, oldest first.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(CHANGES, client_id, paging.after, paging.limit + 1)
    if not rows:
        await require_client(tx, client_id)
    return page_of([_change(row) for row in rows], paging.limit)


def known_of(
    screens: Mapping[str, Any], diagnoses: Mapping[str, Any], since: datetime | None
) -> Known:
    """What screens and diagnoses say as they are kept; a screen up to `since` says nothing."""
    return Known(
        [
            Screen(name, one["positive"], one["band"], at)
            for name, one in screens.items()
            if (at := datetime.fromisoformat(one["at"])) and (since is None or at > since)
        ],
        [
            rules.Diagnosis(
                code, one["status"], one["medicated"], datetime.fromisoformat(one["at"])
            )
            for code, one in diagnoses.items()
        ],
    )


def _change(row: Any) -> Change:
    values = dict(row)
    policy_id, version = values.pop("policy_id"), values.pop("policy_version")
    return Change(**values, policy=PolicyReference(id=policy_id, version=version))
