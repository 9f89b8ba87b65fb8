"""Looking at weeks whose time has come or that changed, and telling what holds of them."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from services.scheduling.hours.policy import week_policy
from services.scheduling.hours.queries import judged, seat_weeks
from services.scheduling.hours.rules import Told, Window, word_of
from shared.calendar import Week
from shared.contracts import scheduling
from shared.database import Columns, Transaction
from shared.messaging.outbox import publish

AT_ONCE = 500
TOLD: dict[Told, type[scheduling.WeeklyHoursEvent]] = {
    "at_risk": scheduling.WeeklyHoursAtRisk,
    "short": scheduling.WeeklyHoursShort,
    None: scheduling.WeeklyHoursShortageLifted,
}
"""What is told where it holds now; each takes of a week what it names."""
TAKE = """
DELETE FROM changed_weeks WHERE id IN (
  SELECT id FROM changed_weeks ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
) RETURNING placement_id, monday
"""
WATCH_NOW = """
INSERT INTO program_weeks (placement_id, monday, site_id, look_at)
SELECT p.id, date_trunc('week', $2::timestamptz AT TIME ZONE i.time_zone)::date, p.site_id, $2
FROM placements p JOIN sites i ON i.id = p.site_id
WHERE p.id = ANY ($1::uuid[]) AND p.proposed_until IS NULL ON CONFLICT DO NOTHING
"""
LOCK = """
SELECT w.placement_id, w.monday, w.site_id, i.time_zone
FROM program_weeks w JOIN sites i ON i.id = w.site_id
WHERE (w.placement_id, w.monday) IN (
  SELECT c.placement_id, c.monday FROM unnest($1::uuid[], $2::date[]) AS given(placement_id, monday)
  JOIN program_weeks c ON c.placement_id = given.placement_id
    AND (c.monday = given.monday OR given.monday IS NULL AND c.look_at IS NOT NULL)
  UNION ALL
  (SELECT placement_id, monday FROM program_weeks WHERE look_at <= $3 ORDER BY look_at LIMIT $4)
)
ORDER BY w.placement_id, w.monday FOR NO KEY UPDATE OF w
"""
"""In one order, so that two workers cannot deadlock. What they are made of is read afterwards. A
change that names no week is one of all weeks of the seat that are looked at again."""
WEEKS = Columns.by_type(
    uuid="placement_id site_id", date="monday", text="told", timestamptz="look_at"
)
NOTE = WEEKS.upsert("program_weeks", "placement_id", "monday")
LOOK_AHEAD = WEEKS.insert("program_weeks", "ON CONFLICT DO NOTHING")


async def look_at_weeks(tx: Transaction) -> int:
    """Look at weeks that changed or whose time has come; how many there were.

    Publishes WeeklyHoursAtRisk, WeeklyHoursShort or WeeklyHoursShortageLifted where what holds is
    not what was told last, so each once. Each week that is looked at makes the next one of the seat
    known, as long as the seat is held: what is watched grows with the seats, not with the past.
    """
    changed = await tx.fetch(TAKE, AT_ONCE)
    if now := sorted({row["placement_id"] for row in changed if row["monday"] is None}):
        await tx.execute(WATCH_NOW, now, tx.now)
    asked = [row["placement_id"] for row in changed], [row["monday"] for row in changed]
    picked = await tx.fetch(LOCK, *asked, tx.now, AT_ONCE)
    rows = await seat_weeks(tx, map(dict, picked))
    looked = [_look(tx, row) for row in sorted(rows, key=itemgetter("placement_id", "monday"))]
    await tx.execute(NOTE, *WEEKS.arrays(looked))
    await tx.execute(LOOK_AHEAD, *WEEKS.arrays(_next(row) for row in rows if not row["ended_at"]))
    return len(changed) + len(rows)


def _look(tx: Transaction, row: Mapping[str, Any]) -> dict[str, Any]:
    """What was told of a week, and when it is looked at again."""
    window = Window.of(Week(row["monday"]), row["time_zone"], week_policy(row["site_id"]))
    final = tx.now >= window.final_at
    found = judged(row, final=final)
    word = word_of(found["standing"], row["told"], tx.now, window)
    if word != row["told"]:
        reason = "not_judged" if found["standing"] == "not_judged" else "enough"
        at = dict.fromkeys(("noticed_at", "settled_at", "lifted_at"), tx.now)
        publish(tx, TOLD[word](**found, **at, reason=reason))
    again = window.warn_from if tx.now < window.warn_from else window.final_at
    return {**row, "told": word, "look_at": None if final else again}


def _next(row: Mapping[str, Any]) -> dict[str, Any]:
    week = Week(row["monday"]).next
    window = Window.of(week, row["time_zone"], week_policy(row["site_id"]))
    return {**row, "monday": week.monday, "told": None, "look_at": window.warn_from}
