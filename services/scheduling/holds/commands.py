"""Beginning and ending holds. Appointments to come are kept; see the page of the service."""

from collections.abc import Sequence

from services.scheduling.attendance.commands import tell_misses_again
from services.scheduling.directory.commands import lock_sites
from shared.contracts.intake import EpisodeStateChanged
from shared.database import Transaction, insert
from shared.messaging.consumer import Received

SITES = """
SELECT DISTINCT site_id FROM placements
WHERE enrolment_id = ANY ($1::uuid[]) AND ended_at IS NULL
"""
"""A seat may be at another site than the client: it is there that sessions are planned."""
END = """
WITH over AS (DELETE FROM holds WHERE enrolment_id = $1 RETURNING enrolment_id, began_at),
  weeks AS (
    UPDATE program_weeks w SET was_held = true
    FROM over JOIN placements p USING (enrolment_id) JOIN sites i ON i.id = p.site_id
    WHERE w.placement_id = p.id AND w.monday <= ($2::timestamptz AT TIME ZONE i.time_zone)::date
      AND w.monday + 6 >= (over.began_at AT TIME ZONE i.time_zone)::date
  )
SELECT enrolment_id FROM over
"""
"""The weeks into which it fell are not judged as whole ones, however they went."""
MARK = """
UPDATE appointments a SET on_hold = $3
FROM placements p, sessions s
WHERE p.enrolment_id = $1 AND a.placement_id = p.id AND a.on_hold <> $3
  AND s.id = a.session_id AND s.starts_at >= $2
RETURNING a.session_id, a.client_id
"""
"""Of sessions that begin then or later. Who records attendance of one of them at the same time
waits for it, or is waited for."""


async def follow_holds(tx: Transaction, changes: Sequence[Received[EpisodeStateChanged]]) -> None:
    """Know which sessions begin while a stay is on hold: from the instant of the hold on, and up to
    the instant at which the stay goes on or ends.

    Publishes SessionMissed once more for a miss that was recorded before the change was known here
    and is judged otherwise by it.
    """
    seats = await tx.fetch(SITES, [change.event.enrolment_id for change in changes])
    sites = [change.event.site_id for change in changes] + [seat["site_id"] for seat in seats]
    await lock_sites(tx, sites)
    for change in changes:
        event = change.event
        on_hold = event.to_state == "on_hold"
        if on_hold:
            stay = event.model_dump(include={"enrolment_id", "site_id", "client_id"})
            held = {**stay, "began_at": event.changed_at}
            await tx.execute(*insert("holds", held, suffix="ON CONFLICT DO NOTHING"))
        elif await tx.fetchrow(END, event.enrolment_id, event.changed_at) is None:
            continue
        rows = await tx.fetch(MARK, event.enrolment_id, event.changed_at, on_hold)
        if told := [(row["session_id"], row["client_id"]) for row in rows]:
            await tell_misses_again(tx, told, change)
