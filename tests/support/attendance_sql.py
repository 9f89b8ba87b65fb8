"""The figures of engagement by SQL alone, from all events at once, with nothing of the rules."""

from collections.abc import Iterable
from typing import Any

import asyncpg

from shared.contracts.scheduling import SessionAttended, SessionMissed
from tests.support.attendance import Published

TOLD = """
CREATE TEMP TABLE told (client uuid, session uuid, sequence bigint, stay uuid, cohort uuid,
  starts timestamptz, zone text, kind text, scheduled integer, attended integer, late integer)
"""
FIGURES = """
WITH last_word AS (
  SELECT DISTINCT ON (client, session) *, (starts AT TIME ZONE zone)::date AS day
  FROM told ORDER BY client, session, sequence DESC
), latest AS (
  SELECT DISTINCT ON (client) client, stay, cohort, starts, day, zone
  FROM last_word ORDER BY client, kind <> 'uncounted' DESC, starts DESC
), counted AS (
  SELECT w.*, l.day - w.day AS ago FROM last_word w JOIN latest l USING (client)
  WHERE w.kind <> 'uncounted' AND w.stay IS NOT DISTINCT FROM l.stay AND l.day - w.day < 28
), ends AS (
  SELECT client, max(starts) FILTER (WHERE kind = 'missed') AS missed,
    max(starts) FILTER (WHERE kind = 'attended') AS attended
  FROM counted GROUP BY client
)
SELECT l.client, l.stay AS enrolment_id, l.cohort AS cohort_id, l.starts AS window_until,
  (l.starts AT TIME ZONE l.zone - interval '28 days') AT TIME ZONE l.zone AS window_from,
  count(*) FILTER (WHERE kind = 'attended') AS sessions_attended,
  count(*) FILTER (WHERE kind = 'missed') AS sessions_missed,
  count(*) FILTER (WHERE kind = 'excused') AS sessions_excused,
  coalesce(sum(c.attended), 0) AS attended_minutes,
  coalesce(sum(scheduled - c.attended) FILTER (WHERE kind <> 'excused'), 0) AS missed_minutes,
  coalesce(sum(scheduled) FILTER (WHERE kind = 'excused'), 0) AS excused_minutes,
  count(*) FILTER (WHERE kind = 'attended' AND c.starts > coalesce(e.missed, '-infinity'))
    AS consecutive_attended,
  count(*) FILTER (WHERE kind = 'missed' AND c.starts > coalesce(e.attended, '-infinity'))
    AS consecutive_missed,
  coalesce((l.day - min(c.day)) / 7 + 1, 0) AS weeks_observed,
  count(*) FILTER (WHERE late > 0) AS sessions_late, coalesce(sum(late), 0) AS late_minutes,
  e.attended AS last_attended_at, min(ago) FILTER (WHERE kind = 'attended') AS days_since_attended,
  count(*) FILTER (WHERE kind = 'attended' AND ago < 7) AS week_sessions_attended,
  count(*) FILTER (WHERE kind = 'missed' AND ago < 7) AS week_sessions_missed,
  count(*) FILTER (WHERE kind = 'excused' AND ago < 7) AS week_sessions_excused,
  coalesce(sum(c.attended) FILTER (WHERE ago < 7), 0) AS week_attended_minutes,
  coalesce(sum(scheduled - c.attended) FILTER (WHERE kind <> 'excused' AND ago < 7), 0)
    AS week_missed_minutes,
  coalesce(sum(scheduled) FILTER (WHERE kind = 'excused' AND ago < 7), 0) AS week_excused_minutes
FROM latest l LEFT JOIN counted c USING (client) LEFT JOIN ends e USING (client)
GROUP BY l.client, l.stay, l.cohort, l.starts, l.zone, l.day, e.missed, e.attended
"""


async def figures_by_sql(url: str, events: Iterable[Published]) -> list[dict[str, Any]]:
    """The figures of each client, computed by a database from events in any order."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TOLD)
        await connection.copy_records_to_table("told", records=[row(one) for one in events])
        return [dict(found) for found in await connection.fetch(FIGURES)]
    finally:
        await connection.close()


def row(one: Published) -> tuple[Any, ...]:
    """What an event tells of its session."""
    event = one.event
    kind, scheduled, attended, late = "uncounted", 0, 0, 0
    if isinstance(event, SessionAttended):
        kind, attended, late = "attended", event.attended_minutes, event.minutes_late
        scheduled = event.scheduled_minutes
    elif isinstance(event, SessionMissed) and not event.on_hold:
        kind, scheduled = "excused" if event.excused else "missed", event.scheduled_minutes
    ids = (event.client_id, event.session_id, one.sequence, event.enrolment_id, event.cohort_id)
    return (*ids, event.starts_at, event.time_zone, kind, scheduled, attended, late)
