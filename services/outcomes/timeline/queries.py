"""What happened to a client, newest first."""

from uuid import UUID

from services.outcomes.step_down.queries import recommendations_of
from services.outcomes.timeline.schemas import ClientTimeline, Happened
from shared.database import Transaction
from shared.web import Earlier

OF = "client_id = ANY (platform.records_of($1))"
SCORES = f"""
SELECT screening_id, client_id, site_id, instrument, status, band, total,
  coalesce(answered_at, completed_at) AS at,
  total - lag(total) OVER (
    PARTITION BY instrument, instrument_version, (
      SELECT count(*) FROM episodes
      WHERE {OF} AND ended_at < coalesce(scores.answered_at, scores.completed_at)
    ) ORDER BY coalesce(answered_at, completed_at)
  ) AS change
FROM scores WHERE {OF}
"""  # noqa: S608 - ours
"""A score is of the stay that goes on when it is answered, or of the next one."""
BETWEEN = "(SELECT * FROM stay_states WHERE state IN ('active', 'on_hold')) s"
SOURCES = (
    ("referral", "referral_id", "received_at", "NULL", "'received'", "NULL", "program_referrals"),
    ("referral", "referral_id", "changed_at", "NULL", "state", "reason", "program_referrals"),
    ("stay", "enrolment_id", "enrolled_at", "level_of_care", "'enrolled'", "NULL", "episodes"),
    ("stay", "enrolment_id", "ended_at", "level_of_care", "'ended'", "end_reason", "episodes"),
    ("stay", "enrolment_id", "changed_at", "NULL", "state", "NULL", BETWEEN),
    ("recommendation", "id", "recommended_at", "to_level", "state", "kind", "recommendations"),
    ("decision", "id", "decided_at", "to_level", "state", "reason", "recommendations"),
    ("goal", "id", "set_at", "goal", "'open'", "kind", "goals"),
    ("goal", "id", "closed_at", "goal", "state", "kind", "goals"),
    ("risk", "id", "raised_at", "kind", "'raised'", "severity", "risks"),
    ("risk", "id", "acknowledged_at", "kind", "'acknowledged'", "action", "risks"),
    ("risk", "id", "resolved_at", "kind", "'resolved'", "resolution", "risks"),
    ("use_report", "id", "reported_at", "finding", "NULL", "source", "substance_use_reports"),
)
"""Kind, id, instant, what, state and why of what has no value, and where it stands. A state between
the first and the last is told where there is a row of it."""
PLAIN = "".join(
    f"""
UNION ALL
SELECT '{kind}', {key}, client_id, site_id, {at}, {what}, {state}, NULL, NULL, {why}
FROM {table} WHERE {OF} AND {at} IS NOT NULL"""  # noqa: S608 - ours
    for kind, key, at, what, state, why, table in SOURCES
)
ENTRIES = f"""
SELECT * FROM (SELECT * FROM (
  SELECT 'score' AS kind, screening_id AS id, client_id, site_id, at, instrument AS what,
    coalesce(band, status) AS state, total AS value, change, NULL AS why FROM ({SCORES}) s
  UNION ALL
  SELECT 'session', session_id, client_id, site_id, starts_at, NULL, outcome, attended_minutes,
    NULL, NULL FROM program_attendance WHERE {OF}
  UNION ALL
  SELECT 'hours', enrolment_id, client_id, site_id, told_at, to_char(monday, 'IYYY"-W"IW'),
    CASE WHEN is_short THEN 'short' ELSE 'enough' END, missing_minutes, NULL, NULL
  FROM short_weeks WHERE {OF}
  UNION ALL
  SELECT 'follow_up', id, client_id, site_id, closed_at, NULL, state, days, NULL, NULL
  FROM follow_ups WHERE {OF} AND closed_at IS NOT NULL
  {PLAIN}
) AS e WHERE $2::timestamptz IS NULL OR at < $2 ORDER BY at DESC FETCH FIRST $3 ROWS WITH TIES
) AS part ORDER BY at DESC, kind, what, state, id
"""  # noqa: S608 - ours


async def show_timeline(tx: Transaction, client_id: UUID, part: Earlier) -> ClientTimeline:
    """What happened to any record of the person, at the sites of the transaction."""
    rows = await tx.fetch(ENTRIES, client_id, part.before, part.limit + 1)
    made = await recommendations_of(tx, client_id)
    shown = part.part(
        [
            Happened(
                **dict(row),
                recommendation=made.get(row["id"]) if row["kind"] == "recommendation" else None,
            )
            for row in rows
        ],
        lambda entry: entry.at,
    )
    return ClientTimeline(**dict(shown), open=[m for m in made.values() if m.state == "open"])
