"""Recommendations and progress as they are read."""

from uuid import UUID

import orjson

from services.outcomes.engagement.queries import engagement_of
from services.outcomes.episodes.queries import stay_of
from services.outcomes.episodes.schemas import Whose
from services.outcomes.scores.queries import scores_of
from services.outcomes.step_down.evaluation import load_cases
from services.outcomes.step_down.policy import policies
from services.outcomes.step_down.rules.verdicts import evaluate, is_met
from services.outcomes.step_down.schemas import Goal, Outlook, Progress, Recommendation, State
from shared.contracts.base import PolicyReference
from shared.contracts.outcomes import RecommendationKind
from shared.database import Transaction, select
from shared.errors import found
from shared.web import CountedPage, Paging, counted_page

RECOMMENDATIONS = "SELECT * FROM recommendations"
GOALS = select(Goal, "goals")


async def show_recommendation(
    tx: Transaction, recommendation_id: UUID, *, lock: bool = False
) -> Recommendation:
    """One recommendation; with `lock` nobody else decides it in the meantime.

    Raises:
        NotFound: none that the caller may see.
    """
    one = f"{RECOMMENDATIONS} WHERE id = $1{' FOR UPDATE' if lock else ''}"
    return _recommendation(found(await tx.fetchrow(one, recommendation_id), "recommendation"))


async def recommendations_of(tx: Transaction, client_id: UUID) -> dict[UUID, Recommendation]:
    """All of a person, by their ids, oldest first."""
    of = "client_id = ANY (platform.records_of($1)) ORDER BY id"
    rows = await tx.fetch(f"{RECOMMENDATIONS} WHERE {of}", client_id)
    return {row["id"]: _recommendation(row) for row in rows}


async def list_recommendations(
    tx: Transaction, paging: Paging, of: Whose, state: State | None, kind: RecommendationKind | None
) -> CountedPage[Recommendation]:
    """Recommendations, oldest first, and how many there are."""
    asked = (*of.asked, ("state = ?", state), ("kind = ?", kind))
    return await counted_page(tx, RECOMMENDATIONS, paging, _recommendation, *asked)


async def show_progress(tx: Transaction, client_id: UUID) -> Progress:
    """Scores, engagement and every criterion, as of now, in the stay that goes on, else the latest.

    Raises:
        NotFound: the client never was in the program, or the caller may not see the site.
    """
    episode = await stay_of(tx, client_id)
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
