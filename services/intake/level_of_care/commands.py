"""Determining the level of care, and signing it."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson

from services.intake.directory.queries import today_at
from services.intake.level_of_care.policy import policies
from services.intake.level_of_care.rules.explanation import determine
from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.level_of_care.rules.recommendation import unfit_ratings
from services.intake.level_of_care.rules.risks import findings
from services.intake.level_of_care.schemas import (
    Determination,
    FiredRule,
    NewDetermination,
    OtherOutcome,
    ShownComparableOutcomes,
    ShownRating,
)
from services.intake.referrals.queries import show_client
from services.intake.referrals.rules import age_on
from services.intake.risk.commands import raise_flags
from services.intake.screening.queries import intake_screens
from shared.contracts.base import PolicyReference
from shared.contracts.intake import LevelOfCareDetermined
from shared.database import Transaction, insert
from shared.errors import Conflict, Invalid
from shared.ids import new_id
from shared.messaging.outbox import publish
from shared.web.problems import pointer_of

SUPERSEDE = """
UPDATE determinations SET state = 'superseded', version = version + 1
WHERE client_id = $1 AND state <> 'superseded'
"""


class UnfitRatings(Invalid, title="Ratings do not fit the edition"):
    """The ratings do not fit the dimensions of the edition."""


class ScreeningMissing(Conflict, title="Intake screening missing"):
    """A level of care is determined after the intake screening."""


class TooYoungForPolicy(Conflict, title="Client too young for this policy"):
    """The policy is for adults."""


async def determine_level_of_care(
    tx: Transaction, client_id: UUID, new: NewDetermination, *, determined_by: str
) -> Determination:
    """Hold ratings against the policy of their edition; publishes LevelOfCareDetermined.

    The client's earlier decisions are superseded, signed or not. A risk that the ratings show is
    flagged.

    Raises:
        NotFound: no such client.
        UnfitRatings: with a pointer.
        ScreeningMissing, TooYoungForPolicy: the client cannot be held against the policy yet.
    """
    policy = _policy_for(new)
    client = await show_client(tx, client_id, lock=True)
    if age_on(client.birth_date, await today_at(tx, client.site_id)) < policy.min_age:
        raise TooYoungForPolicy(f"The policy is for clients of {policy.min_age} years or more.")
    screens = await intake_screens(tx, client_id)
    if screens is None:
        raise ScreeningMissing(
            "Complete an intake screening of this client first; one from before an earlier stay "
            "does not count."
        )
    found = determine(policy, new.numbers, screens.positive)
    made = Determination(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        screening_id=screens.latest_id,
        edition=new.edition,
        ratings={n: ShownRating(**dict(one)) for n, one in new.ratings.items()},
        status=found.recommendation.status,
        recommended_level=found.recommendation.level,
        least_level=found.recommendation.least_level,
        dual_diagnosis=found.dual_diagnosis,
        criteria=list(found.criteria),
        rules=[FiredRule(**asdict(one)) for one in found.rules],
        deciding=list(found.deciding),
        would_change=[OtherOutcome(**asdict(one)) for one in found.would_change],
        comparable_to_residential=found.comparable
        and ShownComparableOutcomes(**dict(found.comparable)),
        policy=PolicyReference(id=policy.id, version=policy.version),
        determined_at=tx.now,
        state="determined",
        signature=None,
        version=1,
    )
    await tx.execute(SUPERSEDE, client_id)
    await tx.execute(*insert("determinations", _row(made, new, determined_by)))
    publish(
        tx,
        LevelOfCareDetermined(
            client_id=client_id,
            site_id=made.site_id,
            determination_id=made.id,
            edition=new.edition,
            status=made.status,
            recommended_level=made.recommended_level,
            dual_diagnosis=made.dual_diagnosis,
            criteria=made.criteria,
            policy=made.policy,
            determined_at=tx.now,
        ),
    )
    await raise_flags(tx, client_id, made.site_id, findings(policy, new.numbers))
    return made


EXPLANATION = {"least_level", "rules", "deciding", "would_change", "comparable_to_residential"}
"""What is kept together, as it is only ever read whole."""


def _row(made: Determination, new: NewDetermination, determined_by: str) -> dict[str, Any]:
    apart = EXPLANATION | {"ratings", "criteria", "policy", "state", "signature", "version"}
    return {
        **made.model_dump(exclude=apart),
        "ratings": orjson.dumps(new.numbers).decode(),
        "evidence": orjson.dumps({n: one.evidence for n, one in new.ratings.items()}).decode(),
        "criteria": orjson.dumps([one.model_dump() for one in made.criteria]).decode(),
        "explanation": made.model_dump_json(include=EXPLANATION),
        "policy_id": made.policy.id,
        "policy_version": made.policy.version,
        "determined_by": determined_by,
    }


def _policy_for(new: NewDetermination) -> LevelOfCarePolicy:
    policy = policies()[new.edition]
    for number, detail in unfit_ratings(policy, new.numbers).items():
        raise UnfitRatings(detail, pointer=pointer_of(("body", "ratings", number)))
    return policy
