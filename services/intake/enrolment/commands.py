"""Enrolling a client, and ending the stay by a step-down."""

from typing import Any
from uuid import UUID

import asyncpg

from services.intake.enrolment.rules import GROUP_OF_GENDER, after
from services.intake.enrolment.schemas import Enrolment, NewEnrolment
from services.intake.level_of_care.policies import policies
from services.intake.level_of_care.queries import latest_determination
from services.intake.referrals.queries import hold_client, show_client
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown
from shared.contracts.outcomes import StepDownDecided
from shared.database import Transaction
from shared.errors import Conflict, Invalid
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

INSERT = """
INSERT INTO enrolments
  (id, client_id, site_id, determination_id, level_of_care, dual_diagnosis, state, enrolled_at)
SELECT $1, $2, $3, $4, $5, $6, 'active', $7
WHERE NOT EXISTS (
  SELECT FROM enrolments
  WHERE client_id = $2 AND determination_id = $4 AND state <> 'active'
)
"""
"""Enters nothing when the decision led to an enrolment that has ended."""
ENROLMENT = "SELECT site_id, state, level_of_care FROM enrolments WHERE id = $1 AND client_id = $2"
END = "UPDATE enrolments SET state = $2, ended_at = $3, version = version + 1 WHERE id = $1"


class AlreadyEnrolled(Conflict):
    """The client is in the program."""

    title = "Client is enrolled already"


class OutdatedDetermination(Invalid):
    """Not the client's latest level-of-care decision."""

    title = "Not the decision in force"


class DecisionUsed(Conflict):
    """The decision led to an enrolment that has ended: the needs have to be rated anew."""

    title = "Decision was used before"


class PolicyReplaced(Conflict):
    """No policy is in force any more for the edition of the decision."""

    title = "Policy was replaced"


class LevelDoesNotFit(Conflict):
    """The decision does not recommend the program. What it recommends is for clinicians only."""

    title = "Program is not recommended"


async def enrol(tx: Transaction, client_id: UUID, new: NewEnrolment) -> Enrolment:
    """Admit a client whose level-of-care decision is the program's; publishes ClientEnrolled.

    Raises:
        NotFound: no such client.
        OutdatedDetermination, PolicyReplaced, LevelDoesNotFit: the decision does not allow it.
        AlreadyEnrolled: the client has an active enrolment.
        DecisionUsed: the enrolment by this decision has ended.
    """
    client = await show_client(tx, client_id, hold=True)
    decision = await latest_determination(tx, client_id)
    if decision is None or decision.id != new.determination_id:
        raise OutdatedDetermination(
            "Name the client's latest level-of-care decision.", pointer="/determination_id"
        )
    policy = policies().get(decision.edition)
    if policy is None:
        raise PolicyReplaced("The policy of this decision was replaced: determine the level anew.")
    program = policy.program_level
    if decision.recommended_level != program:
        raise LevelDoesNotFit(
            f"The decision in force does not recommend this program's level ({program})."
        )
    enrolment = Enrolment(
        id=new_id(),
        client_id=client_id,
        site_id=client.site_id,
        determination_id=decision.id,
        level_of_care=program,
        state="active",
        enrolled_at=tx.now,
        ended_at=None,
        version=1,
    )
    try:
        inserted = await tx.execute(
            INSERT,
            enrolment.id,
            client_id,
            client.site_id,
            decision.id,
            program,
            decision.dual_diagnosis,
            tx.now,
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyEnrolled("The client has an active enrolment.") from None
    if inserted == "INSERT 0 0":
        raise DecisionUsed("The enrolment by this decision has ended: determine the level anew.")
    publish(
        tx,
        ClientEnrolled(
            client_id=client_id,
            site_id=client.site_id,
            enrolment_id=enrolment.id,
            level_of_care=program,
            dual_diagnosis=decision.dual_diagnosis,
            gender_group=GROUP_OF_GENDER.get(client.gender),
            enrolled_at=tx.now,
        ),
    )
    return enrolment


async def step_down(
    tx: Transaction, decided: StepDownDecided, *, cause: Received[Any] | None = None
) -> None:
    """End an enrolment by an accepted step-down; publishes ClientSteppedDown.

    An enrolment that ended otherwise in the meantime stays as it is.
    """
    await hold_client(tx, decided.client_id)
    row = await tx.fetchrow(ENROLMENT, decided.enrolment_id, decided.client_id)
    state = None if row is None else after(row["state"], "step_down")
    if row is None or state is None:
        return
    await tx.execute(END, decided.enrolment_id, state, tx.now)
    publish(
        tx,
        ClientSteppedDown(
            client_id=decided.client_id,
            site_id=row["site_id"],
            enrolment_id=decided.enrolment_id,
            recommendation_id=decided.recommendation_id,
            from_level=row["level_of_care"],
            to_level=decided.to_level,
            stepped_down_at=tx.now,
        ),
        cause=cause,
    )
