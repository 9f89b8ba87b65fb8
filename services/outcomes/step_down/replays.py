"""Comparing two versions of a policy over the stays of the past, a part at a time."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from services.outcomes.episodes.schemas import OfStay
from services.outcomes.step_down.policy import RecommendationPolicy, measures
from services.outcomes.step_down.replay_schemas import NewReplay, Replay, ReplayedStay, ReplaySum
from services.outcomes.step_down.rules import replay as past
from services.outcomes.step_down.rules.figures import Figures, LatestScore
from shared.contracts.outcomes import RecommendationKind
from shared.database import ALL_SITES, Columns, Transaction, insert, update
from shared.errors import NotFound, found
from shared.ids import new_id
from shared.web import Page, Paging, page_of

AT_ONCE = 100
OF_LEVEL = "level_of_care = $1 AND ($2::uuid[] IS NULL OR site_id = ANY ($2))"
TOTAL = f"SELECT count(*) FROM episodes WHERE {OF_LEVEL}"  # noqa: S608 - ours
TAKE = """
SELECT * FROM policy_replays WHERE state = 'running'
ORDER BY requested_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""
HISTORIES = f"""
SELECT e.enrolment_id, e.client_id, e.site_id,
  timezone(zone.name, e.enrolled_at)::date AS enrolled_on,
  timezone(zone.name, e.ended_at)::date AS ended_on,
  (SELECT jsonb_agg(jsonb_build_array(day, weeks_observed, sessions_attended, sessions_missed,
     sessions_excused, consecutive_missed) ORDER BY day)
   FROM engagement_days WHERE client_id = ANY (p.records) AND enrolment_id = e.enrolment_id
  ) AS figures,
  (SELECT jsonb_agg(jsonb_build_array(instrument, total, status, safety_item,
     timezone(zone.name, coalesce(answered_at, completed_at))::date, instrument_version,
     timezone(zone.name, completed_at)::date,
     (total IS NOT NULL OR status = 'complete')
       AND timezone(zone.name, coalesce(answered_at, completed_at))::date
       - timezone(zone.name, e.enrolled_at)::date BETWEEN $5 AND $6,
     coalesce(subscores, '{{}}'))
     ORDER BY coalesce(answered_at, completed_at), completed_at, screening_id)
   FROM scores WHERE client_id = ANY (p.records)
     AND coalesce(answered_at, completed_at) > coalesce(f.ended_at, '-infinity')) AS scores,
  (SELECT jsonb_agg(jsonb_build_array(monday, timezone(zone.name, told_at)::date))
   FROM short_weeks WHERE enrolment_id = e.enrolment_id AND is_short) AS weeks,
  (SELECT jsonb_agg(jsonb_build_array(severity, timezone(zone.name, raised_at)::date,
     timezone(zone.name, coalesce(acknowledged_at, resolved_at))::date))
   FROM risks WHERE client_id = ANY (p.records)) AS risks,
  (SELECT jsonb_agg(jsonb_build_array(used_on, timezone(zone.name, reported_at)::date))
   FROM substance_use_reports WHERE client_id = ANY (p.records) AND finding = 'use') AS uses,
  (SELECT jsonb_agg(jsonb_build_array(kind, timezone(zone.name, set_at)::date,
     timezone(zone.name, closed_at)::date, state))
   FROM goals WHERE enrolment_id = e.enrolment_id) AS goals,
  (SELECT jsonb_agg(jsonb_build_array(kind, CASE state WHEN 'accepted' THEN 'accept'
       WHEN 'deferred' THEN 'defer' ELSE 'decline' END, timezone(zone.name, decided_at)::date,
     deferred_until)
     ORDER BY decided_at)
   FROM recommendations WHERE enrolment_id = e.enrolment_id AND decided_at IS NOT NULL
  ) AS decisions
FROM (SELECT * FROM episodes WHERE {OF_LEVEL} AND enrolment_id > $3
      ORDER BY enrolment_id LIMIT $4) e
LEFT JOIN sites z ON z.site_id = e.site_id
CROSS JOIN LATERAL (SELECT coalesce(z.time_zone, 'UTC') AS name) zone
CROSS JOIN LATERAL (SELECT platform.records_of(e.client_id) AS records) p
LEFT JOIN LATERAL (
  SELECT max(least(ended_at, e.enrolled_at)) AS ended_at FROM episodes
  WHERE client_id = ANY (p.records) AND enrolment_id <> e.enrolment_id AND ended_at IS NOT NULL
    AND enrolled_at <= e.enrolled_at
) f ON true
ORDER BY e.enrolment_id
"""  # noqa: S608 - ours
STAYS = Columns.by_type(
    uuid="replay_id enrolment_id client_id site_id",
    text="kind decision",
    date="former_on latter_on decided_on",
)
KEEP = STAYS.insert("policy_replay_stays")
ONE = "SELECT * FROM policy_replays WHERE id = $1 AND requested_by = $2"
SUMS = """
SELECT kind, count(former_on) AS former, count(latter_on) AS latter,
  count(*) FILTER (WHERE latter_on < former_on) AS earlier,
  count(*) FILTER (WHERE latter_on > former_on) AS later,
  count(*) FILTER (WHERE latter_on = former_on) AS same_day,
  count(*) FILTER (WHERE former_on IS NOT NULL AND latter_on IS NULL) AS only_former,
  count(*) FILTER (WHERE former_on IS NULL AND latter_on IS NOT NULL) AS only_latter,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY latter_on - former_on) AS median_days,
  count(decision) AS decided,
  count(*) FILTER (WHERE (decision = 'accept') = coalesce(former_on <= decided_on, false))
    AS agreed_former,
  count(*) FILTER (WHERE (decision = 'accept') = coalesce(latter_on <= decided_on, false))
    AS agreed_latter
FROM policy_replay_stays WHERE replay_id = $1 GROUP BY kind ORDER BY kind
"""
WHO = """
SELECT enrolment_id AS id, client_id, site_id, jsonb_agg(jsonb_build_object('kind', kind,
  'former_on', former_on, 'latter_on', latter_on, 'days_later', latter_on - former_on,
  'decision', decision, 'decided_on', decided_on) ORDER BY kind) AS kinds
FROM policy_replay_stays WHERE replay_id = $1 AND enrolment_id > $2
GROUP BY enrolment_id, client_id, site_id ORDER BY enrolment_id LIMIT $3
"""


async def request_replay(tx: Transaction, new: NewReplay, *, by: str) -> Replay:
    """Have two versions compared in the background. Nothing is recommended by it.

    Raises:
        NotFound: a site that the caller may not see.
    """
    if any(not tx.may_see(site) for site in new.site_ids or ()):
        raise NotFound("Name sites that you may see.", pointer="/site_ids")
    everywhere = None if tx.sites == ALL_SITES else sorted(tx.sites)
    sites = new.site_ids or everywhere
    row: dict[str, Any] = {
        "id": new_id(),
        "requested_by": by,
        "requested_at": tx.now,
        "site_ids": sites,
        "former": new.former.model_dump_json(),
        "latter": new.latter.model_dump_json(),
        "state": "running",
        "total": await tx.fetchval(TOTAL, new.former.from_level, sites),
    }
    await tx.execute(*insert("policy_replays", row))
    tx.wake()
    return Replay.from_row({**row, "done": 0, "sums": [], "version": 1})


async def show_replay(tx: Transaction, replay_id: UUID, *, by: str, in_clinic: bool) -> Replay:
    """How far a comparison is, and what it came to at the caller's sites.

    Raises:
        NotFound: the caller asked for none such.
    """
    row = found(await tx.fetchrow(ONE, replay_id, by), "replay")
    sums = [dict(one) for one in await tx.fetch(SUMS, replay_id)]
    shown = sums if in_clinic else [one | past.suppressed(one) for one in sums]
    return Replay.from_row({**dict(row), "sums": [ReplaySum(**one) for one in shown]})


async def list_stays(
    tx: Transaction, replay_id: UUID, paging: Paging, *, by: str
) -> Page[ReplayedStay]:
    """Who is recommended what and when by the two versions, at the caller's sites.

    Raises:
        NotFound: the caller asked for none such.
    """
    found(await tx.fetchrow(ONE, replay_id, by), "replay")
    rows = await tx.fetch(WHO, replay_id, paging.after, paging.limit + 1)
    read = [ReplayedStay(**{**row, "kinds": orjson.loads(row["kinds"])}) for row in rows]
    return page_of(read, paging.limit)


async def go_on(tx: Transaction) -> int:
    """Replay the next stays of a comparison; how many, at least 1 while one is running."""
    taken = await tx.fetchrow(TAKE)
    if taken is None:
        return 0
    try:
        former, latter = (
            RecommendationPolicy.model_validate_json(taken[one]) for one in ("former", "latter")
        )
    except ValidationError:  # asked of a release before, which took it as a policy
        await tx.execute(*update("policy_replays", {"state": "failed"}, where={"id": taken["id"]}))
        return 1
    of = measures()
    given = (taken["site_ids"], taken["reached"], AT_ONCE)
    baseline = (of.baseline_from_days, of.baseline_to_days)
    rows = await tx.fetch(HISTORIES, former.from_level, *given, *baseline)
    kept = [line for row in rows for line in _lines(taken["id"], row, former, latter)]
    if kept:
        await tx.execute(KEEP, *STAYS.arrays(kept))
    changes = {
        "done": taken["done"] + len(rows),
        "reached": rows[-1]["enrolment_id"] if rows else taken["reached"],
        "state": "running" if len(rows) == AT_ONCE else "done",
    }
    await tx.execute(*update("policy_replays", changes, where={"id": taken["id"]}))
    return max(len(rows), 1)


def _lines(
    replay_id: UUID, row: Any, former: RecommendationPolicy, latter: RecommendationPolicy
) -> Iterator[dict[str, Any]]:
    history = history_of(row)
    then, now = past.replay(former, history), past.replay(latter, history)
    decided = {one.kind: one for one in history.decisions}
    kinds: list[RecommendationKind] = ["step_down", "step_up", "extend"]
    for kind in kinds:
        if kind in then or kind in now or kind in decided:
            last = decided.get(kind)
            yield {
                "replay_id": replay_id,
                "kind": kind,
                **{name: row[name] for name in OfStay.model_fields},
                "former_on": then.get(kind),
                "latter_on": now.get(kind),
                "decision": last and last.decision,
                "decided_on": last and last.on,
            }


def history_of(row: Any) -> past.History:
    """The history of a stay, from a row of the query."""

    def some(name: str) -> list[list[Any]]:
        return orjson.loads(row[name]) if row[name] else []

    return past.History(
        enrolled_on=row["enrolled_on"],
        ended_on=row["ended_on"],
        figures=[
            (_day(day), Figures(weeks, attended, missed, excused, run, _day(day)))
            for day, weeks, attended, missed, excused, run in some("figures")
        ],
        scores=[
            past.Scored(
                name, LatestScore(total, status, item, _day(on), version, parts), _day(known), first
            )
            for name, total, status, item, on, version, known, first, parts in some("scores")
        ],
        short_weeks=[(_day(monday), _day(on)) for monday, on in some("weeks")],
        risks=[past.Lasting(kind, _day(on), _or_none(end)) for kind, on, end in some("risks")],
        uses=[(_day(used), _day(on)) for used, on in some("uses")],
        goals=[
            past.Lasting(kind, _day(on), _or_none(end), state)
            for kind, on, end, state in some("goals")
        ],
        decisions=[
            past.Decided(kind, decision, _day(on), _or_none(until))
            for kind, decision, on, until in some("decisions")
        ],
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _or_none(text: str | None) -> date | None:
    return None if text is None else _day(text)
