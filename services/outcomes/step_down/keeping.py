"""Keeping what others tell and policies look at: weeks short of hours, and engagement by day."""

from collections.abc import Sequence
from datetime import datetime

from shared.calendar import Week
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import WeeklyHoursShort, WeeklyHoursShortageLifted
from shared.database import Columns, Transaction

WEEKS = Columns.by_type(
    uuid="enrolment_id client_id site_id",
    date="monday",
    boolean="is_short",
    integer="missing_minutes",
    timestamptz="told_at",
)
KEEP_WEEKS = WEEKS.upsert(
    "short_weeks AS w", "enrolment_id", "monday", suffix="WHERE w.told_at <= excluded.told_at"
)
DAYS = Columns.by_type(
    uuid="client_id site_id enrolment_id",
    bigint="source_sequence",
    integer="sessions_attended sessions_missed sessions_excused consecutive_missed weeks_observed",
    timestamptz="window_until",
)
KEEP_DAYS = f"""
INSERT INTO engagement_days AS d (day, {DAYS.names.replace(", window_until", "")})
SELECT DISTINCT ON (client_id, day)
  (window_until AT TIME ZONE coalesce(z.time_zone, 'UTC'))::date AS day,
  {DAYS.names.replace(", window_until", "").replace("site_id", "given.site_id")}
FROM {DAYS.rows} LEFT JOIN sites z USING (site_id)
ORDER BY client_id, day, source_sequence DESC
ON CONFLICT (client_id, day) DO UPDATE SET
  {DAYS.updates("client_id", "site_id", "window_until")}
WHERE d.source_sequence < excluded.source_sequence
"""  # noqa: S608 - the columns are above


async def keep_weeks(
    tx: Transaction, told: Sequence[WeeklyHoursShort | WeeklyHoursShortageLifted]
) -> None:
    """Keep which weeks are short of hours; of a week the latest told holds."""
    latest = {}
    for one in sorted(told, key=_told_at):
        latest[one.enrolment_id, one.week] = {
            **dict(one),
            "monday": Week.parse(one.week).monday,
            "is_short": isinstance(one, WeeklyHoursShort),
            "missing_minutes": getattr(one, "missing_minutes", 0),
            "told_at": _told_at(one),
        }
    await tx.execute(KEEP_WEEKS, *WEEKS.arrays(latest.values()))


async def keep_days(tx: Transaction, told: Sequence[EngagementChanged]) -> None:
    """Keep the figures by the day of the latest session, for replays of policies."""
    await tx.write(KEEP_DAYS, *DAYS.arrays(told))


def _told_at(one: WeeklyHoursShort | WeeklyHoursShortageLifted) -> datetime:
    return one.settled_at if isinstance(one, WeeklyHoursShort) else one.lifted_at
