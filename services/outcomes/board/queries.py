"""The board as of now, and the list behind a figure."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.outcomes.board.figures import (
    FIGURES,
    FROM_COHORTS,
    HELD,
    KEYS,
    LISTED,
    RECKONED,
    counted,
)
from services.outcomes.board.policy import clocks, definitions
from services.outcomes.board.schemas import (
    Board,
    BoardItem,
    Definition,
    Figure,
    Figures,
    Reason,
    SiteBoard,
)
from shared.database import Columns, Transaction, at_all_sites
from shared.web import CountedPage
from shared.web.models import MOST_COUNTED, encode_cursor

SITES = """
SELECT site_id, region_id, time_zone, ($1::timestamptz AT TIME ZONE time_zone)::date AS today,
  coalesce(change, 0) AS change
FROM sites LEFT JOIN board_changes USING (site_id)
WHERE ($2::uuid IS NULL OR region_id = $2) AND ($3::uuid IS NULL OR site_id = $3)
ORDER BY site_id
"""
HERE = Columns.of(
    site_id="uuid", screening="integer", service="integer", soon_days="integer", time_zone="text"
)
ROWS = "kind, subject, client_id, part, site_id, enrolment_id, cohort_id, state, since, until"
FACTS = f"""
WITH given AS (
  SELECT * FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::integer[], $6::text[])
    AS g({HERE.names})
), here AS MATERIALIZED (
  SELECT g.*, d.today, d.today::timestamp AT TIME ZONE g.time_zone AS day_from,
    (d.today + 1)::timestamp AT TIME ZONE g.time_zone AS day_until,
    to_char(d.today, 'IYYY"-W"IW') AS this_week, to_char(d.today - 28, 'IYYY"-W"IW') AS first_week
  FROM given g
  CROSS JOIN LATERAL (SELECT ($1::timestamptz AT TIME ZONE g.time_zone)::date AS today) d
), moved AS MATERIALIZED (
  SELECT DISTINCT ON (merged_id) merged_id, survivor_id FROM platform.merges
  WHERE undone_at IS NULL ORDER BY merged_id, merged_at DESC, merge_id DESC
), found AS (
  SELECT {ROWS}, NULL::date AS due_on FROM board_facts
  WHERE site_id = ANY ($2) AND open AND kind <> 'session'
    AND kind IN ('stay', 'wait', 'seat', 'offer', 'referral', 'flag')
  UNION ALL
  SELECT {ROWS}, NULL FROM board_facts
  WHERE site_id = ANY ($2) AND open AND kind <> 'session' AND kind = 'hours'
    AND since > $1 - interval '56 days'
  UNION ALL
  SELECT {", ".join(f"f.{name}" for name in ROWS.split(", "))}, NULL
  FROM here JOIN board_facts f ON f.site_id = here.site_id AND f.kind = 'session'
    AND f.since >= here.day_from AND f.since < here.day_until
  UNION ALL
  SELECT 'recommendation', id, client_id, '', site_id, enrolment_id, NULL, state, recommended_at,
    NULL, NULL
  FROM recommendations WHERE site_id = ANY ($2) AND state = 'open'
  UNION ALL
  SELECT 'measure', id, client_id, '', site_id, enrolment_id, NULL, state, NULL, NULL, overdue_on
  FROM measures WHERE site_id = ANY ($2) AND state = 'overdue'
  UNION ALL
  SELECT 'flag', id, client_id, '', site_id, NULL, NULL, severity, raised_at, acknowledge_by, NULL
  FROM risks WHERE site_id = ANY ($2) AND origin = 'outcomes' AND state = 'raised'
), facts AS (
  SELECT f.kind, f.subject, f.client_id, f.part, f.enrolment_id, f.cohort_id, f.state, f.since,
    f.until, here.*, coalesce(m.survivor_id, f.client_id) AS person,
    CASE WHEN f.kind = 'wait'
      THEN here.today - (f.since AT TIME ZONE here.time_zone)::date END AS waited,
    CASE WHEN f.kind = 'referral' THEN (f.since AT TIME ZONE here.time_zone)::date
      + CASE WHEN f.state IN ('received', 'contacted') THEN screening ELSE service END
    ELSE f.due_on END AS due_on,
    CASE WHEN f.kind IN ('wait', 'offer', 'hours') OR f.state = 'proposed' THEN coalesce((
      SELECT NOT e.open FROM board_facts e WHERE e.kind = 'stay' AND e.subject = f.enrolment_id
      LIMIT 1
    ), false) ELSE false END AS stay_over
  FROM here LEFT JOIN found f ON f.site_id = here.site_id
  LEFT JOIN moved m ON m.merged_id = f.client_id
)
"""  # noqa: S608 - ours
"""Whose stay is over waits no more and is held no seat, whichever service told first; the stay is
looked up one by one, as all that ever ended are many. Persons are those of `platform.survivor_of`,
for all at once."""
BOARD = f"""
{FACTS}, used AS (
  SELECT cohort_id, count(*) AS seats FROM facts
  WHERE cohort_id IS NOT NULL AND ((kind = 'seat' AND state = 'taken') OR ({HELD}))
  GROUP BY cohort_id
), cohorts AS (
  SELECT c.site_id, sum(c.capacity) AS capacity,
    sum(greatest(c.capacity - coalesce(u.seats, 0), 0)) AS seats_free
  FROM board_cohorts c LEFT JOIN used u USING (cohort_id) WHERE c.site_id = ANY ($2)
  GROUP BY GROUPING SETS ((c.site_id), ())
), counts AS (
  SELECT site_id, {", ".join(f"{counted(one)} AS {name}" for name, one in LISTED.items())},
    {", ".join(f"{one} AS {name}" for name, one in RECKONED.items())}
  FROM facts GROUP BY GROUPING SETS ((site_id), ())
)
SELECT counts.*, {", ".join(f"cohorts.{name}" for name in FROM_COHORTS)}
FROM counts LEFT JOIN cohorts ON cohorts.site_id IS NOT DISTINCT FROM counts.site_id
"""  # noqa: S608 - ours
ITEMS = f"""
{FACTS}, listed AS (
  SELECT DISTINCT ON ({{key}}) {{key}} AS key, client_id, site_id, enrolment_id,
    subject AS subject_id, state, nullif(part, '') AS week, since, until, due_on
  FROM facts WHERE {{condition}} ORDER BY {{key}}, since, site_id, client_id
)
SELECT *, (SELECT count(*) FROM (SELECT FROM listed LIMIT {MOST_COUNTED}) c) AS count
FROM listed WHERE $7::text IS NULL OR key > $7 ORDER BY key LIMIT $8
"""  # noqa: S608 - ours


async def show_board(tx: Transaction, region_id: UUID | None, site_id: UUID | None) -> Board:
    """The figures of the sites that the transaction sees, each and together."""
    sites = await tx.fetch(SITES, tx.now, region_id, site_id)
    async with at_all_sites(tx):
        rows = await tx.fetch(BOARD, tx.now, *_here(sites))
    by_site = {row["site_id"]: _figures(row) for row in rows}
    return Board(
        at=tx.now,
        change=max((site["change"] for site in sites), default=0),
        sites=[SiteBoard(**dict(site), figures=by_site[site["site_id"]]) for site in sites],
        total=by_site[None],
        definitions=[
            Definition(
                id=definitions().id_of(name),
                figure=name,
                listed=name in LISTED,
                **one.model_dump(exclude={"version"}),
            )
            for name, one in definitions().figures.items()
        ],
    )


async def list_items(
    tx: Transaction,
    figure: str,
    *,
    region_id: UUID | None,
    site_id: UUID | None,
    after: str | None,
    limit: int,
) -> CountedPage[BoardItem]:
    """Those whom a figure counts at the sites that the transaction sees; as many as it says."""
    sites = await tx.fetch(SITES, tx.now, region_id, site_id)
    known = LISTED[figure]
    query = ITEMS.format(key=KEYS[known.counted], condition=known.condition)
    async with at_all_sites(tx):
        rows = await tx.fetch(query, tx.now, *_here(sites), after, limit + 1)
    shown = [dict(row) for row in rows[:limit]]
    for item in shown if known.counted == "subject" else ():
        item |= {"client_id": None, "enrolment_id": None}
    return CountedPage(
        items=[BoardItem(**item) for item in shown],
        next=encode_cursor(shown[-1]["key"]) if len(rows) > limit else None,
        count=rows[0]["count"] if rows else 0,
    )


def _here(sites: Sequence[Any]) -> list[list[Any]]:
    rows = []
    for site in sites:
        own = clocks(site["site_id"])
        first = 1 if own.first_day_counts else 0
        rows.append(
            {
                **dict(site),
                "screening": own.first_screening - first,
                "service": own.first_service - first,
                "soon_days": own.soon_days,
            }
        )
    return HERE.arrays(rows)


def _figures(row: Any) -> Figures:
    return {name: _figure(name, row[name]) for name in FIGURES}


def _figure(name: str, value: Any) -> Figure:
    definition = definitions().id_of(name)
    if value is None:
        reason: Reason = "no_wait" if name in RECKONED else "no_cohort_told"
        return Figure(value=None, definition=definition, reason=reason)
    return Figure(value=float(value), definition=definition)
