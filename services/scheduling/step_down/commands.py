"""Moving clients to the next phase of their cohort, or out of it."""

from collections.abc import Sequence
from datetime import datetime

from services.scheduling.appointments.commands import cancel_sessions, schedule_sessions
from services.scheduling.directory.commands import lock_sites
from services.scheduling.placement.commands import Departure, change_seats
from services.scheduling.step_down.policy import step_down_path
from services.scheduling.step_down.rules import end_of_phase, end_of_week, next_phase
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown
from shared.contracts.scheduling import PhaseBegan
from shared.database import Columns, Record, Transaction
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

BATCH = 50
SEATED = """
SELECT p.id, p.client_id, p.site_id, p.enrolment_id, p.cohort_id, p.phase, s.time_zone,
  coalesce(p.phase_began_at, p.placed_at) AS began_at,
  ARRAY(SELECT (one ->> 'weeks')::integer FROM jsonb_array_elements(c.phases) AS one) AS weeks
FROM placements p JOIN cohorts c ON c.id = p.cohort_id JOIN sites s ON s.id = p.site_id
WHERE p.ended_at IS NULL AND p.proposed_until IS NULL
"""
OF_STAYS = f"{SEATED} AND p.enrolment_id = ANY ($1::uuid[])"
IN_PHASES = f"""
{SEATED} AND c.phases <> '[]' AND p.phase < jsonb_array_length(c.phases)
  AND NOT EXISTS (SELECT FROM step_downs d WHERE d.enrolment_id = p.enrolment_id)
  AND NOT EXISTS (SELECT FROM holds h WHERE h.enrolment_id = p.enrolment_id)
ORDER BY p.id
"""  # noqa: S608 - ours


PLANNED = Columns.by_type(uuid="enrolment_id site_id client_id", text="path", timestamptz="due_at")
PLAN = PLANNED.upsert("step_downs", "enrolment_id")
DUE = f"""
SELECT {PLANNED.names} FROM step_downs WHERE due_at <= $1 ORDER BY due_at, enrolment_id LIMIT $2
"""  # noqa: S608 - the columns are above
DONE = "DELETE FROM step_downs WHERE enrolment_id = ANY ($1::uuid[])"
BACK = """
DELETE FROM step_downs d
USING unnest($1::uuid[]) AS c(id)
CROSS JOIN LATERAL unnest(platform.records_of(c.id)) AS own(record)
WHERE d.client_id = own.record RETURNING d.enrolment_id, d.site_id
"""
GO_ON = """
WITH ended AS (
  INSERT INTO phases_ended (placement_id, ended_at, site_id, phase)
  SELECT id, $3, site_id, phase FROM placements WHERE id = $1
)
UPDATE placements SET phase = $2, phase_began_at = $3 WHERE id = $1
"""


async def step_down(tx: Transaction, received: Sequence[Received[ClientSteppedDown]]) -> None:
    """Free the seats of clients who stepped down, now or when the site's policy says; whoever has
    no seat yet leaves the waiting list, or does not get one."""
    stays = [one.event.enrolment_id for one in received]
    seats = {row["enrolment_id"]: row for row in await tx.fetch(OF_STAYS, stays)}
    planned = []
    for one in received:
        seat = seats.get(one.event.enrolment_id)
        path = step_down_path(one.event.site_id).path
        if seat is None or path == "at_once":
            leaving = Departure(one.event.enrolment_id, one.event.site_id, cause=one)
            tx.at_end(change_seats, leaving)
            continue
        due_at = end_of_week(one.event.stepped_down_at, seat["time_zone"])
        planned.append({**seat, "path": path, "due_at": due_at})
    if planned:
        await tx.execute(PLAN, *PLANNED.arrays(planned))
        tx.wake()


async def come_back(tx: Transaction, enrolled: Sequence[ClientEnrolled]) -> None:
    """Clients who enrol anew leave the seat of their former stay now, if they still have it."""
    back = BACK, [event.client_id for event in enrolled]
    for row in await tx.write_and_read(back, ("SELECT * FROM written",)):
        tx.at_end(change_seats, Departure(**row))


async def carry_out(tx: Transaction) -> int:
    """Move on those whose time has come; publishes PhaseBegan, SessionCancelled and
    SessionScheduled for those who go on, and as `change_seats` does for those who leave."""
    sites = {row["site_id"] for row in await tx.fetch(DUE, tx.now, BATCH)}
    await lock_sites(tx, sites)
    due = [row for row in await tx.fetch(DUE, tx.now, BATCH) if row["site_id"] in sites]
    stays = [one["enrolment_id"] for one in due]
    seats = {row["enrolment_id"]: row for row in await tx.fetch(OF_STAYS, stays)}
    leaving, planned = [], []
    for one in due:
        seat = seats.get(one["enrolment_id"])
        phase = next_phase(seat["phase"], seat["weeks"]) if seat is not None else None
        if seat is None or phase is None or one["path"] == "end_of_week":
            leaving.append(Departure(one["enrolment_id"], one["site_id"]))
            continue
        await _begin_phase(tx, seat, phase)
        due_at = end_of_phase(tx.now, seat["weeks"][phase - 1], seat["time_zone"])
        planned.append({**one, "path": "next_phase", "due_at": due_at})
    if planned:
        await tx.execute(PLAN, *PLANNED.arrays(planned))
    await tx.execute(DONE, [one.enrolment_id for one in leaving])
    if leaving:
        await change_seats(tx, leaving)
    return len(due)


async def phases_over(tx: Transaction) -> list[tuple[datetime, Record]]:
    """Clients who go on to a next phase by themselves, each with when the present one is over."""
    return [
        (end_of_phase(row["began_at"], row["weeks"][row["phase"] - 1], row["time_zone"]), row)
        for row in await tx.fetch(IN_PHASES)
        if step_down_path(row["site_id"]).phases_advance
    ]


async def advance(tx: Transaction) -> int:
    """Let clients whose phase is over go on to the next; publishes as `carry_out` does."""
    over = [row for ends_at, row in await phases_over(tx) if ends_at <= tx.now][:BATCH]
    await lock_sites(tx, {row["site_id"] for row in over})
    known = {row["id"]: row["phase"] for row in over}
    for row in await tx.fetch(OF_STAYS, [row["enrolment_id"] for row in over]):
        if row["phase"] == known[row["id"]]:
            await _begin_phase(tx, row, row["phase"] + 1)
    return len(over)


async def _begin_phase(tx: Transaction, seat: Record, phase: int) -> None:
    """The client goes on to another phase: expected no longer at what is to come of others alone,
    and expected at what is to come of it. The seat is kept."""
    await tx.execute(GO_ON, seat["id"], phase, tx.now)
    begun = {"placement_id": seat["id"], "phase": phase, "began_at": tx.now}
    publish(tx, PhaseBegan(**{**seat, **begun}))
    await cancel_sessions(tx, {seat["id"]: None}, {}, phase)
    await schedule_sessions(tx, {seat["id"]: None})
