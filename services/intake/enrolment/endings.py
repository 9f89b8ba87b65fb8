"""What the end of a stay does: the one place where a stay ends."""

from typing import Any

from services.intake.consents.expiry import expire_by_event
from services.intake.dual_diagnosis.commands import leave_screens_behind
from services.intake.enrolment.policy import DischargeReason
from services.intake.enrolment.rules import State
from services.intake.enrolment.schemas import Enrolment
from shared.contracts.intake import EpisodeStateChanged
from shared.database import Transaction, update
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish


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
    changes = {
        "state": reason.ends_as,
        "reason": reason.reason,
        "teds_reason": reason.teds,
        "ended_at": tx.now,
    }
    await tx.execute(*update("enrolments", {**changes, "note": note}, where={"id": stay.id}))
    ended = stay.changed(**changes)
    tell_change(tx, ended, stay.state, cause)
    await expire_by_event(tx, stay.client_id, "end_of_treatment")
    await leave_screens_behind(tx, stay.client_id, stay.site_id)
    return ended


def tell_change(
    tx: Transaction, stay: Enrolment, former: State, cause: Received[Any] | None = None
) -> None:
    """Publish EpisodeStateChanged of a stay that was in another state before."""
    publish(
        tx,
        EpisodeStateChanged(
            client_id=stay.client_id,
            site_id=stay.site_id,
            enrolment_id=stay.id,
            from_state=former,
            to_state=stay.state,
            reason=stay.reason,
            ended=stay.ended_at is not None,
            changed_at=tx.now,
        ),
        cause=cause,
    )
