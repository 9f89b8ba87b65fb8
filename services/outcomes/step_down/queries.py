"""Recommendations and progress as they are read."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from services.outcomes.engagement.queries import engagement_of
from services.outcomes.scores.queries import scores_of
from services.outcomes.step_down.evaluation import load_cases
from services.outcomes.step_down.policy import policies
from services.outcomes.step_down.rules.verdicts import evaluate, is_met
from services.outcomes.step_down.schemas import Goal, Outlook, Progress, Recommendation, State
from shared.contracts.base import PolicyReference
from shared.contracts.outcomes import RecommendationKind
from shared.database import Transaction, select
from shared.errors import found
from shared.web import CountedPage, Paging, count_of, narrowed, page_of

COLUMNS = """
SELECT id, client_id, site_id, enrolment_id, kind, from_level, to_level, criteria, missing,
  policy_id, policy_version, state, recommended_at, reason, decided_at, deferred_until, lapsed_at,
  withdrawn_at, version
FROM recommendations
"""
ONE = f"{COLUMNS} WHERE id = $1"
EPISODE = """
SELECT client_id, site_id, enrolment_id, level_of_care, enrolled_at, ended_at
FROM episodes WHERE client_id = ANY (platform.records_of($1))
ORDER BY ended_at IS NULL DESC, enrolled_at DESC, enrolment_id DESC LIMIT 1
"""
"""The one that goes on: another record of the person may have had a later one that has ended."""
GOALS = select(Goal, "goals")


async def show_recommendation(
    tx: Transaction, recommendation_id: UUID, *, lock: bool = False
) -> Recommendation:
    """One recommendation; with `lock` nobody else decides it in the meantime.

    Raises:
        NotFound: none that the caller may see.
    """
    row = found(
        await tx.fetchrow(f"{ONE} FOR UPDATE" if lock else ONE, recommendation_id), "recommendation"
    )
    return _recommendation(row)


async def recommendations_of(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Recommendation]:
    """Recommendations by their ids."""
    rows = await tx.fetch(f"{COLUMNS} WHERE id = ANY ($1)", ids)
    return {row["id"]: _recommendation(row) for row in rows}


async def list_recommendations(
    tx: Transaction,
    paging: Paging,
    *,
    client_id: UUID | None,
    site_id: UUID | None,
    state: State | None,
    kind: RecommendationKind | None,
) -> CountedPage[Recommendation]:
    """Recommendations, oldest first, and how many there are."""
    asked = (
        ("client_id = ANY ((SELECT platform.records_of(?))::uuid[])", client_id),
        ("site_id = ?", site_id),
        ("state = ?", state),
        ("kind = ?", kind),
    )
    all_of_them, values = narrowed(*asked)
    count = await tx.fetchval(count_of(f"SELECT FROM recommendations {all_of_them}"), *values)
    where, values = narrowed(*asked, ("id > ?", paging.after))
    rows = await tx.fetch(
        f"{COLUMNS} {where} ORDER BY id LIMIT ${len(values) + 1}", *values, paging.limit + 1
    )
    page = page_of([_recommendation(row) for row in rows], paging.limit)
    return CountedPage(items=page.items, next=page.next, count=count)


async def show_progress(tx: Transaction, client_id: UUID) -> Progress:
    """Scores, engagement and every criterion, as of now, in the stay that goes on, else the latest.

    Raises:
        NotFound: the client never was in the program, or the caller may not see the site.
    """
    episode = found(await tx.fetchrow(EPISODE, client_id), "client in the program")
    policy = policies(episode["site_id"]).get(episode["level_of_care"])
    cases = await load_cases(tx, [client_id])
    outlooks = (
        [
            Outlook(
                kind=kind,
                to_level=way.to_level or policy.from_level,
                needed=way.needed_rules,
                met=is_met(way, verdicts := evaluate(way, cases[0].facts)),
                criteria=verdicts,
            )
            for kind, way in policy.ways().items()
        ]
        if policy and cases
        else []
    )
    down = next((one for one in outlooks if one.kind == "step_down"), None)
    return Progress(
        **(dict(episode) | {"client_id": client_id}),
        engagement=await engagement_of(tx, episode["enrolment_id"]),
        scores=await scores_of(tx, client_id),
        policy=PolicyReference(id=policy.id, version=policy.version) if policy else None,
        criteria=down.criteria if down else [],
        recommended=down is not None and down.met,
        missing=[one.name for one in down.criteria if not one.met] if down else [],
        others=[one for one in outlooks if one.kind != "step_down"],
        goals=await goals_of(tx, episode["enrolment_id"]),
    )


async def goals_of(tx: Transaction, enrolment_id: UUID) -> list[Goal]:
    """The goals of a stay, oldest first."""
    rows = await tx.fetch(f"{GOALS} WHERE enrolment_id = $1 ORDER BY id", enrolment_id)
    return [Goal.from_row(row) for row in rows]


async def show_goal(tx: Transaction, goal_id: UUID, *, lock: bool = False) -> Goal:
    """One goal; with `lock` nobody else closes it meanwhile.

    Raises:
        NotFound: none that the caller may see.
    """
    one = f"{GOALS} WHERE id = $1{' FOR NO KEY UPDATE' if lock else ''}"
    return Goal.from_row(found(await tx.fetchrow(one, goal_id), "goal"))


def _recommendation(row: object) -> Recommendation:
    values = dict(row)  # type: ignore[call-overload]  # a record is a mapping
    policy = PolicyReference(id=values.pop("policy_id"), version=values.pop("policy_version"))
    values["criteria"] = orjson.loads(values["criteria"])
    return Recommendation(**values, policy=policy)
