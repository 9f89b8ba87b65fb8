"""The board as of now, and the list behind a figure."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from services.outcomes.board import figures, schemas
from services.outcomes.board.policy import clocks, definitions
from services.outcomes.directory.schemas import Area
from shared.database import Columns, Transaction, at_all_sites
from shared.web import CountedPage, Paging
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
FACT = """
SELECT here.*, f.kind, f.subject, f.client_id, f.part, f.enrolment_id, f.cohort_id, f.state,
  f.since, f.until, NULL::date AS due_on
FROM here JOIN board_facts f ON f.site_id = here.site_id AND f."""
OPEN = f"{FACT}open AND f.kind <> 'session' AND f.kind"
SOURCES: dict[figures.Source, str] = {
    "stays": f"{OPEN} = 'stay'",
    "waits": f"{OPEN} = 'wait'",
    "seats": f"{OPEN} IN ('seat', 'offer')",
    "referrals": f"{OPEN} = 'referral'",
    "sessions": f"{FACT}kind = 'session' AND f.since >= day_from AND f.since < day_until",
    "hours": f"{OPEN} = 'hours' AND f.since > $1 - interval '56 days'",
    "measures": """
SELECT here.*, 'measure' AS kind, f.id AS subject, f.client_id, '' AS part, f.enrolment_id,
  NULL::uuid AS cohort_id, f.state, NULL::timestamptz AS since, NULL::timestamptz AS until,
  f.overdue_on AS due_on
FROM here JOIN measures f ON f.site_id = here.site_id AND f.state = 'overdue'""",
    "flags": f"""{OPEN} = 'flag'
UNION ALL
SELECT here.*, 'flag', f.id, f.client_id, '', NULL, NULL, f.severity, f.raised_at,
  f.acknowledge_by, NULL
FROM here JOIN risks f ON f.site_id = here.site_id AND f.origin = 'outcomes'
  AND f.state = 'raised' """,  # noqa: S608 - ours
    "recommendations": """
SELECT here.*, 'recommendation' AS kind, f.id AS subject, f.client_id, '' AS part,
  f.enrolment_id, NULL::uuid AS cohort_id, f.state, f.recommended_at AS since,
  NULL::timestamptz AS until, NULL::date AS due_on
FROM here JOIN recommendations f ON f.site_id = here.site_id AND f.state = 'open'""",
}
"""The rows that figures count, site by site: what is open now, and the sessions of the day. None of
it grows with the years."""
HEAD = f"""
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
)"""  # noqa: S608 - ours
"""Persons are those of `platform.survivor_of`, for all at once."""
STAY_OVER = """f.enrolment_id IS NOT NULL AND f.enrolment_id NOT IN (SELECT subject FROM stays)
    AND EXISTS (
      SELECT FROM board_facts e WHERE e.kind = 'stay' AND e.subject = f.enrolment_id AND NOT e.open
    )"""
"""Whose stay is over waits no more and is held no seat, whichever service told first. Nearly all
stays go on; the others are looked up one by one, as all that ever ended are many."""
WAITED = "f.today - (f.since AT TIME ZONE f.time_zone)::date"
REFERRAL_DUE = """(f.since AT TIME ZONE f.time_zone)::date
    + CASE WHEN f.state IN ('received', 'contacted') THEN screening ELSE service END"""


def rows_of(source: figures.Source) -> str:
    """The rows of a source, with what conditions ask for, as a part of a statement."""
    due = REFERRAL_DUE if source == "referrals" else "f.due_on"
    over = STAY_OVER if source in ("waits", "seats", "hours") else "false"
    waited = WAITED if source == "waits" else "NULL::integer"
    columns = "f.site_id, f.kind, f.subject, f.client_id, f.part, f.enrolment_id, f.cohort_id"
    return f"""
{source} AS MATERIALIZED (
  SELECT {columns}, f.state, f.since, f.until, f.today, f.soon_days, f.this_week, f.first_week,
    coalesce(m.survivor_id, f.client_id) AS person, {due} AS due_on, {waited} AS waited,
    {over} AS stay_over
  FROM ({SOURCES[source]}) f LEFT JOIN moved m ON m.merged_id = f.client_id
)"""  # noqa: S608 - ours


def reckoned(table: str, of: dict[str, str]) -> str:
    """The figures of each site and of all together, by name."""
    named = ", ".join(f"'{name}', {aggregate}" for name, aggregate in of.items())
    return f"""
SELECT site_id, jsonb_build_object({named}) AS figures FROM {table}
GROUP BY GROUPING SETS ((site_id), ())"""  # noqa: S608 - ours


OF_COHORTS = {
    "capacity": "sum(capacity)",
    "seats_free": "sum(greatest(capacity - coalesce(used, 0), 0))",
}
COHORTS = f"""
cohorts AS (
  SELECT c.site_id, c.capacity, u.used FROM board_cohorts c LEFT JOIN (
    SELECT cohort_id, count(*) AS used FROM seats WHERE state = 'taken' OR ({figures.HELD})
    GROUP BY cohort_id
  ) u USING (cohort_id)
  WHERE c.site_id = ANY ($2)
)"""  # noqa: S608 - ours
BOARD = ",".join([HEAD, *map(rows_of, SOURCES), COHORTS]) + " UNION ALL ".join(
    [
        *(reckoned(source, figures.aggregates(source)) for source in SOURCES),
        reckoned("cohorts", OF_COHORTS),
    ]
)
ITEMS = f"""
{{head}}, listed AS (
  SELECT DISTINCT ON ({{key}}) {{key}} AS key, client_id, site_id, enrolment_id,
    subject AS subject_id, state, nullif(part, '') AS week, since, until, due_on
  FROM {{source}} WHERE {{condition}} ORDER BY {{key}}, since, site_id, client_id
)
SELECT *, (SELECT count(*) FROM (SELECT FROM listed LIMIT {MOST_COUNTED}) c) AS count
FROM listed WHERE $7::text IS NULL OR key > $7 ORDER BY key LIMIT $8
"""  # noqa: S608 - ours


async def show_board(tx: Transaction, area: Area) -> schemas.Board:
    """The figures of the sites that the transaction sees, each and together."""
    sites = await tx.fetch(SITES, tx.now, area.region_id, area.site_id)
    async with at_all_sites(tx):
        rows = await tx.fetch(BOARD, tx.now, *_here(sites))
    values: dict[UUID | None, dict[str, Any]] = {}
    for row in rows:
        values.setdefault(row["site_id"], {}).update(orjson.loads(row["figures"]))
    known = definitions()
    ids = {name: known.id_of(name) for name in figures.FIGURES}
    return schemas.Board(
        at=tx.now,
        change=max((site["change"] for site in sites), default=0),
        sites=[
            schemas.SiteBoard(**dict(site), figures=_figures(values.get(site["site_id"], {}), ids))
            for site in sites
        ],
        total=_figures(values[None], ids),
        definitions=[
            schemas.Definition(
                id=ids[name], figure=name, listed=name in figures.LISTED, **dict(one)
            )
            for name, one in known.figures.items()
        ],
    )


async def list_items(
    tx: Transaction, figure: str, area: Area, paging: Paging
) -> CountedPage[schemas.BoardItem]:
    """Those whom a figure counts at the sites that the transaction sees; as many as it says."""
    sites = await tx.fetch(SITES, tx.now, area.region_id, area.site_id)
    known = figures.LISTED[figure]
    query = ITEMS.format(
        head=",".join([HEAD, *map(rows_of, dict.fromkeys(("stays", known.source)))]),
        source=known.source,
        key=figures.KEYS[known.counted],
        condition=known.condition,
    )
    async with at_all_sites(tx):
        rows = await tx.fetch(query, tx.now, *_here(sites), paging.after, paging.limit + 1)
    shown = [dict(row) for row in rows[: paging.limit]]
    for item in shown if known.counted == "subject" else ():
        item |= {"client_id": None, "enrolment_id": None}
    return CountedPage(
        items=[schemas.BoardItem(**item) for item in shown],
        next=encode_cursor(shown[-1]["key"]) if len(rows) > paging.limit else None,
        count=rows[0]["count"] if rows else 0,
    )


def _here(sites: Sequence[Any]) -> list[list[Any]]:
    return HERE.arrays({**site, **clocks(site["site_id"]).days_after} for site in sites)


def _figures(values: Mapping[str, Any], ids: Mapping[str, str]) -> schemas.Figures:
    """Of a site without rows of a source nothing is counted."""
    return {
        name: _figure(name, values.get(name, 0 if name in figures.LISTED else None), ids[name])
        for name in figures.FIGURES
    }


def _figure(name: str, value: Any, definition: str) -> schemas.Figure:
    if value is None:
        reason: schemas.Reason = "no_wait" if name in figures.RECKONED else "no_cohort_told"
        return schemas.Figure(value=None, definition=definition, reason=reason)
    return schemas.Figure(value=float(value), definition=definition)
