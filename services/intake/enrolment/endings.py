"""What the end of a stay does: the one place where a stay ends."""

from typing import Any

from services.intake.consents.expiry import expire_by_event
from services.intake.dual_diagnosis.commands import leave_screens_behind
from services.intake.enrolment.policy import DischargeReason
from services.intake.enrolment.schemas import Enrolment
from shared.contracts.intake import EpisodeStateChanged
from shared.database import Transaction
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

END = """
UPDATE enrolments SET state = $2, reason = $3, teds_reason = $4, note = $5, ended_at = $6,
  version = version + 1
WHERE id = $1
"""


async def end(
    tx: Transaction,
    stay: Enrolment,
    reason: DischargeReason,
    *,
    note: str | None = None,
    cause: Received[Any] | None = None,
) -> Enrolment:
    """End a locked stay that may end so; publishes EpisodeStateChanged.

    Consents that were given until the end of treatment expire with it, and its screens do not
    count for a dual diagnosis any more.
    """
    await tx.execute(END, stay.id, reason.ends_as, reason.reason, reason.teds, note, tx.now)
    publish(
        tx,
        EpisodeStateChanged(
            client_id=stay.client_id,
            site_id=stay.site_id,
            enrolment_id=stay.id,
            from_state=stay.state,
            to_state=reason.ends_as,
            reason=reason.reason,
            ended=True,
            changed_at=tx.now,
        ),
        cause=cause,
    )
    await expire_by_event(tx, stay.client_id, "end_of_treatment")
    await leave_screens_behind(tx, stay.client_id, stay.site_id)
    return stay.model_copy(
        update={
            "state": reason.ends_as,
            "reason": reason.reason,
            "teds_reason": reason.teds,
            "ended_at": tx.now,
            "version": stay.version + 1,
        }
    )
