"""Determining the level of care."""

from uuid import UUID

import orjson

from services.intake.directory.queries import today_at
from services.intake.level_of_care.policies import LevelOfCarePolicy, policies
from services.intake.level_of_care.rules import determine, unfit_ratings
from services.intake.level_of_care.schemas import Determination, NewDetermination
from services.intake.referrals.queries import show_client
from services.intake.referrals.rules import age_on
from services.intake.screening.queries import intake_screens
from shared.contracts.base import PolicyReference
from shared.contracts.intake import LevelOfCareDetermined
from shared.database import Transaction
from shared.errors import Conflict, Invalid
from shared.ids import new_id
from shared.messaging.outbox import publish
from shared.web.problems import pointer_of

INSERT = """
INSERT INTO determinations
  (id, client_id, site_id, screening_id, edition, ratings, status, recommended_level,
   dual_diagnosis, criteria, policy_id, policy_version, determined_by, determined_at)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10::text::jsonb, $11, $12, $13, $14)
"""


class NoPolicyForEdition(Invalid):
    """No level-of-care policy is loaded for that edition."""

    title = "No policy for this edition"


class UnfitRatings(Invalid):
    """The ratings do not fit the dimensions of the edition."""

    title = "Ratings do not fit the edition"


class ScreeningMissing(Conflict):
    """A level of care is determined after the intake screening."""

    title = "Intake screening missing"


class TooYoungForPolicy(Conflict):
    """The policy is for adults."""

    title = "Client too young for this policy"


async def determine_level_of_care(
    tx: Transaction, client_id: UUID, new: NewDetermination, *, determined_by: str
) -> Determination:
    """Hold ratings against the policy of their edition; publishes LevelOfCareDetermined.

    Raises:
        NotFound: no such client.
        NoPolicyForEdition, UnfitRatings: with a pointer.
        ScreeningMissing, TooYoungForPolicy: the client cannot be held against the policy yet.
    """
    policy = _policy_for(new)
    client = await show_client(tx, client_id, hold=True)
    if age_on(client.birth_date, await today_at(tx, client.site_id)) < policy.min_age:
        raise TooYoungForPolicy(f"The policy is for clients of {policy.min_age} years or more.")
    screens = await intake_screens(tx, client_id)
    if screens is None:
        raise ScreeningMissing(
            "Complete an intake screening of this client first; one from before an earlier stay "
            "does not count."
        )
    found = determine(policy, new.ratings, screens.positive)
    made = Determination(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        screening_id=screens.latest_id,
        edition=new.edition,
        ratings=new.ratings,
        status=found.status,
        recommended_level=found.level,
        dual_diagnosis=found.dual_diagnosis,
        criteria=list(found.criteria),
        policy=PolicyReference(id=policy.id, version=policy.version),
        determined_at=tx.now,
    )
    await tx.execute(
        INSERT,
        made.id,
        client_id,
        made.site_id,
        screens.latest_id,
        new.edition,
        orjson.dumps(new.ratings).decode(),
        made.status,
        made.recommended_level,
        made.dual_diagnosis,
        orjson.dumps([c.model_dump() for c in made.criteria]).decode(),
        policy.id,
        policy.version,
        determined_by,
        tx.now,
    )
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
    return made


def _policy_for(new: NewDetermination) -> LevelOfCarePolicy:
    policy = policies().get(new.edition)
    if policy is None:
        raise NoPolicyForEdition(
            f"A policy is loaded for edition {' and '.join(policies())} only.", pointer="/edition"
        )
    for number, detail in unfit_ratings(policy, new.ratings).items():
        raise UnfitRatings(detail, pointer=pointer_of(("body", "ratings", number)))
    return policy
