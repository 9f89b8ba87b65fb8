"""Clients' weeks, summed and judged."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

import orjson

from services.scheduling.directory.queries import show_site
from services.scheduling.hours import policy, rules
from services.scheduling.hours.schemas import ClientWeek, WeeklyHours
from shared.calendar import Week
from shared.database import Columns, Transaction, at_all_sites
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

SUMS = """
SELECT count(*) FILTER (WHERE counts)::int AS sessions,
  coalesce(sum(minutes) FILTER (WHERE counts), 0)::int AS planned_minutes,
  coalesce(sum(attended_minutes), 0)::int AS attended_minutes,
  coalesce(sum(attended_minutes) FILTER (WHERE made_up), 0)::int AS makeup_minutes,
  coalesce(sum(minutes) FILTER (WHERE counts AND open), 0)::int AS open_minutes,
  count(DISTINCT day) FILTER (WHERE counts)::int AS planned_days,
  count(DISTINCT day) FILTER (WHERE attended_minutes > 0)::int AS attended_days,
  count(DISTINCT day) FILTER (WHERE counts AND (open OR attended_minutes > 0))::int
    AS forecast_days,
  count(*) FILTER (WHERE NOT counts)::int AS sessions_on_hold
FROM (
  SELECT extract(epoch FROM s.ends_at - s.starts_at) / 60 - s.break_minutes AS minutes,
    r.attended_minutes, r.makes_up IS NOT NULL AS made_up, r.id IS NULL AS open,
    NOT a.on_hold OR coalesce(r.status IN ('present', 'partial'), false) AS counts,
    (s.starts_at AT TIME ZONE s.time_zone)::date AS day
  FROM appointments a LEFT JOIN attendance r USING (session_id, client_id)
  JOIN sessions s ON s.id = a.session_id
  WHERE {0} AND a.state = 'scheduled' AND s.not_held_at IS NULL
    AND s.starts_at >= {1} AND s.starts_at < {2} AND s.kind = ANY ({3})
) AS m
"""
"""Whose they are, since when, until when and of which kinds is to be said."""
PERSON = "a.client_id = ANY (platform.records_of($1)) AND a.site_id = $2"
OF_PERSON = SUMS.format(PERSON, "$3", "$4", "$5::text[]")
SEAT = "a.placement_id = p.id", "given.since", "given.until"
OF_SEAT = SUMS.format(*SEAT, "string_to_array(given.kinds, ' ')")
ENDED = """
SELECT e.phase FROM phases_ended e WHERE e.placement_id = p.id AND e.ended_at >= {until}
ORDER BY e.ended_at LIMIT 1
"""
"""The phase of a week that ended since; none: the present one was the week's."""
PLACED = f"""
SELECT p.site_id, s.time_zone, c.phases, c.eligibility,
  coalesce(({ENDED.format(until="w.until")}), p.phase) AS phase
FROM placements p JOIN sites s ON s.id = p.site_id JOIN cohorts c ON c.id = p.cohort_id
CROSS JOIN LATERAL (SELECT
  coalesce(($2::date + 7)::timestamp AT TIME ZONE s.time_zone, 'infinity') AS until) AS w
WHERE p.client_id = ANY (platform.records_of($1))
ORDER BY p.placed_at >= w.until, CASE WHEN p.placed_at >= w.until THEN p.placed_at END,
  p.placed_at DESC, p.id DESC LIMIT 1
"""  # noqa: S608 - the part is above
WEEKS = Columns.by_type(uuid="placement_id", date="monday", timestamptz="since until", text="kinds")
SEATS = f"""
SELECT p.id AS placement_id, p.client_id, p.site_id, p.enrolment_id, p.cohort_id,
  coalesce(({ENDED.format(until="given.until")}), p.phase) AS phase, p.placed_at,
  p.ended_at, h.began_at AS held_since, coalesce(w.was_held, false) AS was_held, c.phases,
  c.eligibility, i.time_zone, w.told, m.*, given.monday
FROM {WEEKS.rows} JOIN placements p ON p.id = given.placement_id
JOIN cohorts c ON c.id = p.cohort_id JOIN sites i ON i.id = p.site_id
LEFT JOIN program_weeks w ON w.placement_id = p.id AND w.monday = given.monday
LEFT JOIN holds h ON h.enrolment_id = p.enrolment_id
CROSS JOIN LATERAL ({OF_SEAT}) AS m
"""  # noqa: S608 - all of it is above
OF_SITE = """
SELECT id AS placement_id, site_id FROM placements
WHERE site_id = $1 AND placed_at < $3 AND (ended_at IS NULL OR ended_at > $2)
  AND proposed_until IS NULL
"""
Place = tuple[int, int, UUID]


class ShortestFirst(Paging):
    """Where a page of a site's week starts: after what was missing, and the id of a seat."""

    beginning = float("-inf"), 0, UUID(int=0)

    @staticmethod
    def read(text: str) -> Place:
        minutes, days, seat = text.split(" ")
        return int(minutes), int(days), UUID(seat)

    @staticmethod
    def written(place: Place) -> str:
        return " ".join(map(str, place))


def _of(item: ClientWeek) -> Place:
    """The more is missing the further in front."""
    return -item.missing_minutes, -item.missing_days, item.placement_id


def population_of(row: Mapping[str, Any]) -> policy.Population:
    """Whose rule of hours holds in a cohort: that of adolescents where it takes no others."""
    bands = orjson.loads(row["eligibility"]).get("age_bands")
    return "adolescent" if bands == ["adolescent"] else "adult"


def least_minutes(row: Mapping[str, Any]) -> int:
    """What the program's level asks to be planned a week in the cohort of a row."""
    hours = policy.level_hours(row["site_id"]).populations[population_of(row)]
    return hours.minimum_minutes[policy.PROGRAM_LEVEL]


def _asked(row: Mapping[str, Any], population: policy.Population) -> rules.Asked:
    hours = policy.level_hours(row["site_id"]).populations[population]
    return rules.asked_of(orjson.loads(row["phases"]), row["phase"], hours)


def judged(row: Mapping[str, Any], *, final: bool) -> dict[str, Any]:
    """A row of `SEATS` with what the rules make of it, by its names in answers and events."""
    week = Week(row["monday"])
    sums = rules.Sums(**{one.name: row[one.name] for one in fields(rules.Sums)})
    seat = rules.Seat(row["placed_at"], row["ended_at"], row["held_since"], row["was_held"])
    share = rules.share_of(week, row["time_zone"], seat, sums, policy.week_policy(row["site_id"]))
    found = asdict(rules.judge(sums, _asked(row, population_of(row)), share, final=final))
    asked, forecast = found.pop("asked"), {"forecast_minutes": sums.forecast_minutes}
    credited = {"credited_minutes": sums.attended_minutes, "credited_days": sums.attended_days}
    most, planned = asked["maximum_minutes"], sums.planned_minutes
    over = {"week": str(week), "over_maximum": most is not None and planned > most}
    return {**row, **over, **credited, **forecast, **asked, **found}


async def placed_in(tx: Transaction, client_id: UUID, week: Week | None) -> dict[str, Any]:
    """The placement by whose site, zone and phase a client's week is read: the last one before the
    end of the week, or the first of all. Without a week the last one.

    Raises:
        NotFound: when the client was never placed at a site that the caller may see.
    """
    if (row := await tx.fetchrow(PLACED, client_id, week and week.monday)) is None:
        raise NotFound("This client was never placed.")
    return dict(row)


async def weekly_hours(
    tx: Transaction, client_id: UUID, week: Week | None, population: policy.Population | None
) -> WeeklyHours:
    """The planned and attended minutes of a client in one week of the site's calendar, in that of
    today without one.

    A session belongs to the week in which it starts; one that is not held, or that is not attended
    while the stay is on hold, is neither planned nor attended. The site is where the client was
    placed last before the end of the week, or first of all.

    Raises:
        NotFound: when the client was never placed at a site that the caller may see.
    """
    site = await placed_in(tx, client_id, week)
    week = week or Week.of(tx.now, site["time_zone"])
    starts_at, ends_at = week.bounds(site["time_zone"])
    kinds = policy.session_kinds(site["site_id"]).counting
    (sums,) = await tx.fetch(OF_PERSON, client_id, site["site_id"], starts_at, ends_at, kinds)
    levels, level = policy.level_hours(site["site_id"]), policy.PROGRAM_LEVEL
    whose = population or population_of(site)
    hours, planned = levels.populations[whose], sums["planned_minutes"]
    least = hours.minimum_minutes
    span = {"client_id": client_id, "week": str(week), "starts_at": starts_at, "ends_at": ends_at}
    phase = {f"phase_{name}": value for name, value in asdict(_asked(site, whose)).items()}
    shown = {
        "minimum_minutes": least[level],
        "meets_level_minimum": rules.meets_minimum(planned, level, least),
        "level_of_planned_minutes": rules.level_of(planned, least),
        "policy_version": f"{levels.id} {levels.version}",
    }
    data = {"population": whose, "level": level, "source": hours.source}
    return WeeklyHours.from_row({**site, **sums, **span, **phase, **shown, **data})


async def weeks_of_site(
    tx: Transaction, site_id: UUID, week: Week, paging: ShortestFirst
) -> Page[ClientWeek]:
    """The week of each client who had a seat at a site in it: who lacks most comes first. What is
    missing is of the forecast, and of the credited minutes once the week is settled.

    Raises:
        NotFound: no such site that the caller may see.
    """
    site = await show_site(tx, site_id, pointer="site_id")
    starts_at, ends_at = week.bounds(site.time_zone)
    final = tx.now >= rules.Window.of(week, site.time_zone, policy.week_policy(site_id)).final_at
    of_week = {"monday": week.monday, "time_zone": site.time_zone}
    seats = [{**row, **of_week} for row in await tx.fetch(OF_SITE, site_id, starts_at, ends_at)]
    async with at_all_sites(tx):  # a hold is kept at the site of the client
        rows = await seat_weeks(tx, seats)
    weeks = map(ClientWeek.from_row, (judged(row, final=final) for row in rows))
    shown = sorted((one for one in weeks if _of(one) > paging.after), key=_of)
    return page_of(shown, paging.limit, lambda one: paging.written(_of(one)))


async def seat_weeks(tx: Transaction, picked: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `SEATS` for these weeks, each given by `placement_id`, `site_id`, `time_zone` and
    `monday`."""
    asked = []
    for row in picked:
        since, until = Week(row["monday"]).bounds(row["time_zone"])
        kinds = " ".join(policy.session_kinds(row["site_id"]).counting)
        asked.append({**row, "since": since, "until": until, "kinds": kinds})
    return [dict(row) for row in await tx.fetch(SEATS, *WEEKS.arrays(asked))]
