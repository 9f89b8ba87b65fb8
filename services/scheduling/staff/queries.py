"""The staff as it is read."""

from uuid import UUID

from services.scheduling.directory.queries import HOURS
from services.scheduling.directory.schemas import weekly
from services.scheduling.staff.schemas import AskedStaff, StaffMember
from shared.database import Record, Transaction
from shared.errors import found
from shared.web import Page, Paging, page_of

STAFF = """
SELECT s.id, s.name, s.subject, s.gender, s.languages, s.trainings, s.credentials, s.caseload_limit,
  w.home_site_id, w.site_ids, s.hours, s.created_at, s.left_at, s.version,
  (SELECT count(*) FROM bookings b WHERE b.resource_id = s.id AND b.during && tstzrange($1, NULL))
    AS sessions_to_come,
  (SELECT coalesce(json_agg(json_build_object('id', l.id, 'staff_id', l.staff_id,
     'starts_at', lower(l.during), 'ends_at', upper(l.during), 'entered_at', l.entered_at)
     ORDER BY l.during), '[]')
   FROM staff_leave l WHERE l.staff_id = s.id AND upper(l.during) > $1) AS leave
FROM staff s CROSS JOIN LATERAL (
  SELECT array_agg(x.site_id ORDER BY x.site_id) AS site_ids,
    (array_agg(x.site_id) FILTER (WHERE x.home))[1] AS home_site_id,
    ($1::timestamptz AT TIME ZONE (array_agg(i.time_zone ORDER BY x.home DESC))[1])::date AS today
  FROM staff_sites x JOIN sites i ON i.id = x.site_id WHERE x.staff_id = s.id
) AS w
WHERE w.site_ids IS NOT NULL
"""
"""Who works at no site that the caller may see is not there."""
ONE = f"{STAFF} AND s.id = $2"
MANY = f"""
{STAFF} AND s.id > $2 AND ($9 OR s.left_at IS NULL)
  AND ($4::uuid IS NULL OR $4 = ANY (w.site_ids))
  AND ($6::text IS NULL OR $6 = ANY (s.trainings))
  AND ($7::text IS NULL OR $7 = ANY (s.languages))
  AND ($5::text IS NULL AND $8::date IS NULL OR EXISTS (
    SELECT FROM jsonb_to_recordset(s.credentials) AS c (credential text, expires_on date)
    WHERE ($5 IS NULL OR c.credential = $5)
      AND CASE WHEN $8 IS NULL THEN coalesce(c.expires_on >= w.today, true)
        ELSE c.expires_on < $8 END))
ORDER BY s.id LIMIT $3
"""


async def show_staff_member(tx: Transaction, staff_id: UUID) -> StaffMember:
    """One person.

    Raises:
        NotFound: when there is none at a site that the caller may see.
    """
    return _read(found(await tx.fetchrow(ONE, tx.now, staff_id), "person of the staff"))


async def list_staff(tx: Transaction, paging: Paging, asked: AskedStaff) -> Page[StaffMember]:
    """People by id, the oldest entry first."""
    rows = await tx.fetch(MANY, tx.now, paging.after, paging.limit + 1, *dict(asked).values())
    return page_of([_read(row) for row in rows], paging.limit)


def _read(row: Record) -> StaffMember:
    hours = [
        {**weekly(one), "site_id": one.site_id}
        for one in HOURS.validate_json(row["hours"])
        if one.site_id in row["site_ids"]
    ]
    return StaffMember.from_row({**row, "hours": hours})
