"""Recommending a step-down when the policy is met, deciding on it, and what a stay's end leaves."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.outcomes.step_down.evaluation import Case, load_cases
from services.outcomes.step_down.policy import StepDownPolicy, policies
from services.outcomes.step_down.queries import show_recommendation
from services.outcomes.step_down.rules import all_met, evaluate
from services.outcomes.step_down.schemas import NewDecision, Recommendation
from shared.contracts.base import Criterion, PolicyReference
from shared.contracts.outcomes import StepDownDecided, StepDownRecommended
from shared.database import Columns, Transaction
from shared.errors import Conflict, require_version
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

RECOMMENDED = Columns.of(
    id="uuid",
    client_id="uuid",
    site_id="uuid",
    enrolment_id="uuid",
    from_level="text",
    to_level="text",
    criteria="jsonb",
    policy_id="text",
    policy_version="text",
    state="text",
    recommended_at="timestamptz",
)
INSERT = f"""
INSERT INTO recommendations ({RECOMMENDED.names}) SELECT * FROM {RECOMMENDED.rows}
"""  # noqa: S608 - the columns are above
DECIDE = """
UPDATE recommendations SET state = $2, reason = $3, decided_by = $4, decided_at = $5,
  version = version + 1
WHERE id = $1
"""
EPISODE_ENDED = "SELECT ended_at IS NOT NULL FROM episodes WHERE enrolment_id = $1 FOR SHARE"
LAPSE = """
UPDATE recommendations SET state = CASE state WHEN 'open' THEN 'lapsed' ELSE state END,
  lapsed_at = $2, version = version + 1
WHERE enrolment_id = $1 AND (state = 'open' OR (state = 'accepted' AND NOT $3))
"""
STATE_AFTER: dict[str, dict[str, str]] = {"open": {"accept": "accepted", "decline": "declined"}}
"""State → decision → next state. A decided recommendation stays as it is."""


class AlreadyDecided(Conflict):
    """Somebody decided before."""


class StayEnded(Conflict):
    """The stay that the recommendation is for is over."""

    title = "The stay has ended"


async def evaluate_clients(
    tx: Transaction, causes: Mapping[UUID, Received[Any]] | Iterable[UUID]
) -> None:
    """Recommend a step-down to those clients who meet every criterion of their level's policy.

    Given with the event that led to it, of any record of the person, so that its trace goes on. A
    client with an open or accepted recommendation, or with one declined a short while ago, gets no
    other.
    """
    by_client = causes if isinstance(causes, Mapping) else {}
    made: list[StepDownRecommended] = []
    led_to: list[Received[Any] | None] = []
    for case in await load_cases(tx, list(causes)):
        policy = policies(case.site_id).get(case.level_of_care)
        if policy is None or not _may_recommend(case, policy):
            continue
        criteria = evaluate(policy, case.figures, case.scores, case.today)
        if all_met(criteria):
            made.append(_recommendation(case, policy, criteria, tx.now))
            led_to.append(next((by_client[r] for r in case.records if r in by_client), None))
    if not made:
        return
    # at once: what the same batch tells next may end the stay, or recommend anew
    await tx.execute(INSERT, *RECOMMENDED.arrays(_row(one) for one in made))
    for one, cause in zip(made, led_to, strict=True):
        publish(tx, one, cause=cause)


def _may_recommend(case: Case, policy: StepDownPolicy) -> bool:
    if case.last_state is None:
        return True
    return (
        case.last_state == "declined"
        and case.last_decided_on is not None
        and (case.today - case.last_decided_on).days >= policy.pause_after_decline_days
    )


def _recommendation(
    case: Case, policy: StepDownPolicy, criteria: list[Criterion], at: datetime
) -> StepDownRecommended:
    return StepDownRecommended(
        client_id=case.client_id,
        site_id=case.site_id,
        enrolment_id=case.enrolment_id,
        recommendation_id=new_id(),
        from_level=policy.from_level,
        to_level=policy.to_level,
        criteria=criteria,
        policy=PolicyReference(id=policy.id, version=policy.version),
        recommended_at=at,
    )


def _row(recommended: StepDownRecommended) -> dict[str, Any]:
    criteria = [criterion.model_dump() for criterion in recommended.criteria]
    return {
        **dict(recommended),
        "id": recommended.recommendation_id,
        "criteria": orjson.dumps(criteria).decode(),
        "policy_id": recommended.policy.id,
        "policy_version": recommended.policy.version,
        "state": "open",
    }


async def decide(
    tx: Transaction,
    recommendation_id: UUID,
    expected: int,
    new: NewDecision,
    *,
    decided_by: str,
) -> Recommendation:
    """Accept or decline a recommendation; publishes StepDownDecided.

    Raises:
        NotFound: no such recommendation.
        StaleVersion: it changed since it was read.
        StayEnded: the stay ended before the decision.
        AlreadyDecided: it is not open any more.
    """
    known = await show_recommendation(tx, recommendation_id)
    ended = await tx.fetchval(EPISODE_ENDED, known.enrolment_id)  # first, as ending a stay does
    known = await show_recommendation(tx, recommendation_id, lock=True)
    if known.decided_at is None and ended:
        raise StayEnded("The stay has ended: there is nothing to step down from.")
    state = STATE_AFTER.get(known.state, {}).get(new.decision)
    if state is None:
        raise AlreadyDecided(f"This recommendation is {known.state}.")
    require_version(known.version, expected)
    await tx.execute(DECIDE, recommendation_id, state, new.reason, decided_by, tx.now)
    decided = {
        **dict(known),
        "recommendation_id": recommendation_id,
        "decision": new.decision,
        "reason": new.reason,
        "decided_at": tx.now,
    }
    publish(tx, StepDownDecided(**decided))
    return known.model_copy(
        update={
            "state": state,
            "reason": new.reason,
            "decided_at": tx.now,
            "version": known.version + 1,
        }
    )


async def lapse(tx: Transaction, enrolment_id: UUID, at: datetime, *, stepped_down: bool) -> None:
    """Close what is open of a stay that has ended, and mark an accepted recommendation that the
    stay did not end by."""
    await tx.execute(LAPSE, enrolment_id, at, stepped_down)
