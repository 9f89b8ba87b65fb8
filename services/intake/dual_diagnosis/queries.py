"""Diagnoses and dual diagnoses as they are read."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from services.intake.dual_diagnosis import rules
from services.intake.dual_diagnosis.policy import policy
from services.intake.dual_diagnosis.rules import Status
from services.intake.dual_diagnosis.schemas import Change, Diagnosis, Found, ShownDualDiagnosis
from services.intake.dual_diagnosis.standing import NOTHING_KEPT, Standing, of_person, standing_of
from services.intake.referrals.queries import page_of_client
from shared.contracts.base import PolicyReference
from shared.contracts.intake import TrackNeed
from shared.database import Transaction, select
from shared.errors import found
from shared.web import Page, Paging

OTHERS = """
(SELECT jsonb_agg(to_jsonb(o) || jsonb_build_object('since',
    (SELECT max(e.ended_at) FROM enrolments e WHERE e.client_id = o.client_id))
   ORDER BY o.client_id)::text FROM dual_diagnoses o
 WHERE o.client_id = ANY (platform.records_of(c.id)) AND o.client_id <> c.id) AS others,
(SELECT max(e.ended_at) FROM enrolments e WHERE e.client_id = c.id) AS since,
(SELECT max(e.ended_at) FROM enrolments e
 WHERE e.client_id = ANY (platform.records_of(c.id))) AS since_of_person
"""
"""For other queries of this service: what is kept of the other records of the person of `c`, and
when the former stay of the record and of the person ended: screens up to then count no more."""
STANDING = f"""
SELECT c.site_id, d.status, d.needs, d.screens, d.diagnoses, d.changed_at, d.version,
  {OTHERS}
FROM clients c LEFT JOIN dual_diagnoses d ON d.client_id = c.id WHERE c.id = $1
"""  # noqa: S608 - constants only
DIAGNOSIS = f"""
{select(Diagnosis, "diagnoses")} WHERE client_id = ANY (platform.records_of($1))
"""
DIAGNOSES = f"{DIAGNOSIS} AND id > $2 ORDER BY id LIMIT $3"
ONE_DIAGNOSIS = f"{DIAGNOSIS} AND id = $2"
CHANGES = """
SELECT * FROM dual_diagnosis_changes
WHERE client_id = ANY (platform.records_of($1)) AND id > $2 ORDER BY id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class DualDiagnosis:
    """What an enrolment has to know: the status, and what the track has to offer."""

    status: Status
    needs: tuple[TrackNeed, ...]


async def standing(tx: Transaction, client_id: UUID) -> Standing:
    """What is kept of a client. Whoever will change it locks the client first."""
    row = await tx.fetchrow(STANDING, client_id)
    return NOTHING_KEPT if row is None else standing_of(row)


async def track_needs(tx: Transaction, client_id: UUID) -> DualDiagnosis:
    """What a client's dual diagnosis asks of the track; nothing while there is none."""
    row = await tx.fetchrow(STANDING, client_id)
    now = of_person(policy(), NOTHING_KEPT if row is None else standing_of(row))
    return DualDiagnosis(now.status, tuple(now.needs))


async def show_dual_diagnosis(tx: Transaction, client_id: UUID) -> ShownDualDiagnosis:
    """What is known of a client, by all records of the person, and what it rests on.

    Raises:
        NotFound: no such client.
    """
    row = found(await tx.fetchrow(STANDING, client_id), "client")
    return shown_of(client_id, row["site_id"], of_person(policy(), standing_of(row)))


def shown_of(client_id: UUID, site_id: UUID, now: Standing) -> ShownDualDiagnosis:
    """How a standing is shown."""
    known = now.known
    return ShownDualDiagnosis(
        client_id=client_id,
        site_id=site_id,
        status=now.status,
        needs=now.needs,
        substance_use=[
            Found(**asdict(one)) for one in rules.findings(policy().substance_use, known)
        ],
        mental_health=[
            Found(**asdict(one)) for one in rules.findings(policy().mental_health, known)
        ],
        policy=PolicyReference(id=policy().id, version=policy().version),
        changed_at=None if now.status == "none" else now.changed_at,
        version=now.version,
    )


async def list_diagnoses(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Diagnosis]:
    """A client's diagnoses as they were recorded, oldest first.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, DIAGNOSES, client_id, paging, Diagnosis.from_row)


async def show_diagnosis(tx: Transaction, client_id: UUID, diagnosis_id: UUID) -> Diagnosis:
    """One recorded diagnosis.

    Raises:
        NotFound: none of that client that the caller may see.
    """
    row = await tx.fetchrow(ONE_DIAGNOSIS, client_id, diagnosis_id)
    return Diagnosis.from_row(found(row, "diagnosis"))


async def list_changes(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Change]:
    """What became of a client's dual diagnosis, oldest first.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, CHANGES, client_id, paging, _change)


def _change(row: Any) -> Change:
    policy = PolicyReference(id=row["policy_id"], version=row["policy_version"])
    return Change.from_row({**row, "policy": policy})
