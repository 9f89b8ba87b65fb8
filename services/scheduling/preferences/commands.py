"""Keeping what intake tells of clients: the last word of each event on each record."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.contracts import intake
from shared.database import Columns, Transaction, as_json

STATED = Columns.by_type(
    uuid="client_id site_id",
    text="time_zone language wished_group",
    jsonb="available",
    boolean="telehealth needs_transport",
    timestamptz="stated_at",
)
REFERRED = Columns.by_type(
    uuid="client_id site_id", boolean="court_referred", timestamptz="referred_at"
)
NEEDED = Columns.by_type(uuid="client_id site_id", jsonb="needs", timestamptz="needs_at")
DIAGNOSED = Columns.by_type(uuid="client_id site_id", boolean="dual_diagnosis")
ENROLLED = Columns.by_type(
    uuid="client_id site_id enrolment_id",
    text="level_of_care gender_group age_band",
    boolean="dual_diagnosis",
    jsonb="priority needs",
    timestamptz="enrolled_at needs_at",
)


async def keep_stated(tx: Transaction, changed: Sequence[intake.PreferencesChanged]) -> None:
    """What clients want, and when they can come."""
    rows = []
    for event in changed:
        told = {"wished_group": event.gender_group, "stated_at": event.changed_at}
        available = event.model_dump_json(include={"available"})
        rows.append({**dict(event), **told, "available": available})
    await _keep(tx, STATED, rows)


async def keep_needs(tx: Transaction, changed: Sequence[intake.DualDiagnosisChanged]) -> None:
    """What clients need beside, and whether they have a dual diagnosis where that is decided."""
    rows = [{**dict(e), "needs": as_json(e.needs), "needs_at": e.changed_at} for e in changed]
    await _keep(tx, NEEDED, rows)
    decided = [one for one in changed if one.status != "suspected"]
    rows = [{**dict(e), "dual_diagnosis": e.status == "confirmed"} for e in decided]
    if rows:
        await _keep(tx, DIAGNOSED, rows)


async def keep_referrals(tx: Transaction, received: Sequence[intake.ReferralReceived]) -> None:
    """Whether a court referred clients."""
    rows = []
    for event in received:
        by_court = "court" in (event.source, event.referrer)
        told = {"court_referred": by_court, "referred_at": event.received_at}
        rows.append({**dict(event), **told})
    await _keep(tx, REFERRED, rows)


async def keep_enrolments(tx: Transaction, enrolled: Sequence[intake.ClientEnrolled]) -> None:
    """The stays of clients, and what was found at their beginning."""
    rows = []
    for event in enrolled:
        told = {"priority": as_json(event.priority), "needs": as_json(event.needs)}
        rows.append({**dict(event), **told, "needs_at": event.enrolled_at})
    await _keep(tx, ENROLLED, rows)


async def _keep(tx: Transaction, columns: Columns, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write these columns of each client; a later row for one takes the place of an earlier."""
    last = {row["client_id"]: row for row in rows}
    await tx.send()  # what waits may be of the same clients
    await tx.write(columns.upsert("preferences", "client_id"), *columns.arrays(last.values()))
