"""Recommending by the policy of a level, deciding on it, and what a stay's end leaves."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from services.outcomes.board.commands import tell
from services.outcomes.engagement.commands import lock_records
from services.outcomes.step_down.evaluation import Case, load_cases, load_changed
from services.outcomes.step_down.policy import RecommendationPolicy, policies
from services.outcomes.step_down.queries import show_recommendation
from services.outcomes.step_down.rules.choice import Choice, Made, choose
from services.outcomes.step_down.rules.verdicts import evaluate, missing
from services.outcomes.step_down.schemas import NewDecision, NewStepDown, Recommendation
from shared.calendar import day_at, midnight
from shared.contracts import outcomes
from shared.contracts.base import PolicyReference
from shared.database import Columns, Statement, Transaction, update
from shared.errors import Conflict, Invalid, found, require_version
from shared.ids import new_id
from shared.messaging.consumer import Received

EVENTS: dict[outcomes.RecommendationKind, type[outcomes.Recommended]] = {
    "step_down": outcomes.StepDownRecommended,
    "step_up": outcomes.StepUpRecommended,
    "extend": outcomes.ExtendRecommended,
}
RECOMMENDED = Columns.by_type(
    uuid="id client_id site_id enrolment_id",
    text="kind from_level to_level policy_id policy_version state",
    jsonb="criteria missing",
    timestamptz="recommended_at",
)
INSERT = f"""
INSERT INTO recommendations ({RECOMMENDED.names})
SELECT {RECOMMENDED.names.replace("missing", "ARRAY(SELECT jsonb_array_elements_text(missing))")}
FROM {RECOMMENDED.rows}
"""  # noqa: S608 - the columns are above
WITHDRAW = """
UPDATE recommendations SET state = 'withdrawn', withdrawn_at = $2, again_at = given.again_at,
  version = version + 1
FROM unnest($1::uuid[], $3::timestamptz[]) AS given (withdrawn, again_at)
WHERE id = given.withdrawn AND state = 'open' RETURNING id
"""
STAY = """
SELECT e.ended_at IS NOT NULL AS ended, coalesce(z.time_zone, 'UTC') AS time_zone
FROM episodes e LEFT JOIN sites z ON z.site_id = e.site_id
WHERE e.enrolment_id = $1 FOR SHARE OF e
"""
LAPSE = """
UPDATE recommendations SET state = CASE state WHEN 'open' THEN 'lapsed' ELSE state END,
  lapsed_at = $2, version = version + 1
WHERE enrolment_id = $1
  AND (state = 'open' OR (state = 'accepted' AND kind = 'step_down' AND NOT $3))
"""
ASK_AGAIN = """
UPDATE recommendations SET again_at = NULL WHERE state = 'deferred' AND again_at <= $1
RETURNING client_id
"""
STATE_AFTER: dict[str, dict[str, str]] = {
    "open": {"accept": "accepted", "decline": "declined", "defer": "deferred"}
}
"""State → decision → next state. A decided recommendation stays as it is."""
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)
LONGEST_DEFERRAL_DAYS = 92
"""Longer than that is a decline."""


class AlreadyDecided(Conflict):
    """Somebody decided before."""


class StayEnded(Conflict, title="The stay has ended"):
    """The stay that the recommendation is for is over."""


class NoLowerLevel(Conflict):
    """There is no level that the client could be stepped down to."""


class RecommendationStands(Conflict):
    """Something is recommended to the client, or accepted."""


class DateOutOfRange(Invalid):
    """The day lies behind, or too far ahead."""


async def evaluate_clients(
    tx: Transaction,
    causes: Mapping[UUID, Received[Any]] | Iterable[UUID],
    *,
    by: Statement | None = None,
) -> None:
    """Hold clients against their level's policy: recommend, or withdraw what stands no more.

    Given with the event that led to it, of any record of the person, so that its trace goes on.
    Where they are so by figures that are not kept yet, `by` keeps them: of whose figures that
    changes nothing is not looked at.
    Publishes the events of what is recommended, and RecommendationWithdrawn.
    """
    by_client = causes if isinstance(causes, Mapping) else {}
    chosen: list[tuple[Case, RecommendationPolicy, Choice]] = []
    for case in await (load_cases(tx, list(causes)) if by is None else load_changed(tx, by)):
        policy = policies(case.site_id).get(case.level_of_care)
        if policy is None or case.is_settled:
            continue
        choice = choose(policy, case.facts, case.open, case.paused)
        if choice.withdraw or choice.make:
            chosen.append((case, policy, choice))
    if not chosen:
        return
    # at once: what the same batch tells next may end the stay, or recommend anew
    withdrawn = await _withdraw(tx, [(case, p) for case, p, choice in chosen if choice.withdraw])
    made: list[tuple[Case, outcomes.Recommended, dict[str, Any]]] = []
    for case, policy, choice in chosen:
        cause = next((by_client[r] for r in case.records if r in by_client), None)
        if choice.withdraw:
            if case.open_id not in withdrawn:
                continue  # somebody decided on it meanwhile
            tell(tx, _withdrawal(case, choice, tx.now), cause=cause)
        if choice.make:
            event = _recommendation(case, policy, choice.make, tx.now)
            tell(tx, event, cause=cause)
            made.append((case, event, _row(event, choice.make.kind)))
    if made:
        await tx.write(INSERT, *RECOMMENDED.arrays(row for _, _, row in made))


async def _withdraw(
    tx: Transaction, given: list[tuple[Case, RecommendationPolicy]]
) -> set[UUID | None]:
    if not given:
        return set()
    again = [_later(c, c.facts.today, policy.pause_days.withdrawn) for c, policy in given]
    rows = await tx.fetch(WITHDRAW, [case.open_id for case, _ in given], tx.now, again)
    return {row["id"] for row in rows}


def _withdrawal(case: Case, choice: Choice, at: datetime) -> outcomes.RecommendationWithdrawn:
    assert case.open is not None
    assert choice.withdraw is not None
    return outcomes.RecommendationWithdrawn(
        **case.whose,
        recommendation_id=case.open_id,
        kind=case.open.kind,
        reason=choice.withdraw,
        withdrawn_at=at,
    )


def _recommendation(
    case: Case, policy: RecommendationPolicy, made: Made, at: datetime
) -> outcomes.Recommended:
    return EVENTS[made.kind](
        **case.whose,
        recommendation_id=new_id(),
        from_level=policy.from_level,
        to_level=made.to_level,
        criteria=made.criteria,
        policy=PolicyReference(id=policy.id, version=policy.version),
        recommended_at=at,
        missing=made.missing,
    )


def _row(recommended: outcomes.Recommended, kind: outcomes.RecommendationKind) -> dict[str, Any]:
    criteria = [criterion.model_dump(mode="json") for criterion in recommended.criteria]
    return {
        **dict(recommended),
        "id": recommended.recommendation_id,
        "kind": kind,
        "criteria": orjson.dumps(criteria).decode(),
        "missing": orjson.dumps(recommended.missing).decode(),
        "policy_id": recommended.policy.id,
        "policy_version": recommended.policy.version,
        "state": "open",
    }


def _later(case: Case, day: date, days: int) -> datetime:
    return midnight(day + timedelta(days=days), case.time_zone)


async def decide(
    tx: Transaction, recommendation_id: UUID, expected: int, new: NewDecision, *, decided_by: str
) -> Recommendation:
    """Accept, defer or decline; publishes RecommendationDecided, and of a step-down that is
    accepted or declined StepDownDecided too.

    Raises:
        NotFound: no such recommendation.
        StaleVersion: it changed since it was read.
        StayEnded: the stay ended before the decision.
        AlreadyDecided: it is not open any more.
        DateOutOfRange: it is deferred to a day that is none ahead.
    """
    known = await show_recommendation(tx, recommendation_id)
    stay = await tx.fetchrow(STAY, known.enrolment_id)  # first, as ending a stay does
    assert stay is not None  # a recommendation refers to it
    known = await show_recommendation(tx, recommendation_id, lock=True)
    if known.decided_at is None and stay["ended"]:
        raise StayEnded("The stay has ended: there is nothing to decide.")
    state = STATE_AFTER.get(known.state, {}).get(new.decision)
    if state is None:
        raise AlreadyDecided(f"This recommendation is {known.state}.")
    require_version(known.version, expected)
    today = day_at(tx.now, stay["time_zone"])
    if new.until is not None and not 0 < (new.until - today).days <= LONGEST_DEFERRAL_DAYS:
        raise DateOutOfRange(
            f"Name a day after {today}, {LONGEST_DEFERRAL_DAYS} days ahead at most.",
            pointer="/until",
        )
    changes = {"state": state, "reason": new.reason, "decided_at": tx.now}
    again_at = _again_at(known, new, today, stay["time_zone"])
    row = {**changes, "decided_by": decided_by, "deferred_until": new.until, "again_at": again_at}
    await tx.execute(*update("recommendations", row, where={"id": recommendation_id}))
    decided = {
        **dict(known),
        **dict(new),
        "recommendation_id": recommendation_id,
        "decided_at": tx.now,
    }
    if known.kind == "step_down" and new.decision != "defer":
        tell(tx, outcomes.StepDownDecided(**decided))
    tell(tx, outcomes.RecommendationDecided(**decided))
    tx.wake()
    return known.changed(**changes, deferred_until=new.until)


def _again_at(
    known: Recommendation, new: NewDecision, today: date, time_zone: str
) -> datetime | None:
    """Until when nothing of the kind is recommended in the stay."""
    if new.until is not None:
        return midnight(new.until, time_zone)
    if known.kind == "step_down" and new.decision == "accept":
        return FOR_GOOD
    policy = policies(known.site_id).get(known.from_level)
    if policy is None:  # it was taken away meanwhile: nothing is recommended anyway
        return None
    pause = policy.pause_days
    days = pause.accepted if new.decision == "accept" else pause.declined
    return midnight(today + timedelta(days=days), time_zone)


async def lapse(tx: Transaction, enrolment_id: UUID, at: datetime, *, stepped_down: bool) -> None:
    """Close what is open of a stay that has ended, and mark an accepted step-down that the stay did
    not end by."""
    await tx.execute(LAPSE, enrolment_id, at, stepped_down)


async def ask_again(tx: Transaction) -> int:
    """Look again at clients whose deferred recommendation has come to its day; how many."""
    clients = [row["client_id"] for row in await tx.fetch(ASK_AGAIN, tx.now)]
    if clients:
        await lock_records(tx, clients)
        await evaluate_clients(tx, clients)
    return len(clients)


async def step_client_down(
    tx: Transaction, client_id: UUID, new: NewStepDown, *, decided_by: str
) -> Recommendation:
    """Step a client down whom nothing is recommended: what the policy says of them then is kept
    with the decision. Publishes StepDownRecommended, with what is missing, and then as `decide`.

    Raises:
        NotFound: the client is not in the program, or at no site of the caller.
        NoLowerLevel: no policy says to which level.
        RecommendationStands: one is open, or a step-down is accepted already.
    """
    await lock_records(tx, [client_id])
    case = found(next(iter(await load_cases(tx, [client_id])), None), "client in the program")
    policy = policies(case.site_id).get(case.level_of_care)
    way = None if policy is None else policy.ways().get("step_down")
    if policy is None or way is None:
        raise NoLowerLevel(f"No policy steps down from level {case.level_of_care}.")
    if case.open_id is not None or case.is_settled:
        raise RecommendationStands("Decide the recommendation of the client; none is made beside.")
    criteria, to_level = evaluate(way, case.facts), way.to_level or policy.from_level
    made = Made("step_down", to_level, criteria, missing(policy, case.facts))
    event = _recommendation(case, policy, made, tx.now)
    tell(tx, event)
    await tx.execute(INSERT, *RECOMMENDED.arrays([_row(event, made.kind)]))
    decision = NewDecision(decision="accept", reason=new.reason)
    return await decide(tx, event.recommendation_id, 1, decision, decided_by=decided_by)
