"""What intake tells of clients."""

from collections.abc import Sequence

import orjson

from services.scheduling.preferences.commands import ENROLLED, NEEDED, REFERRED, STATED, keep
from shared.contracts.intake import (
    ClientEnrolled,
    DualDiagnosisChanged,
    PreferencesChanged,
    ReferralReceived,
)
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(PreferencesChanged)
async def preferences_changed(
    tx: Transaction, received: list[Received[PreferencesChanged]]
) -> None:
    await keep(
        tx,
        STATED,
        [
            {
                **one.event.model_dump(include=set(dict(STATED.types))),
                "available": one.event.model_dump_json(include={"available"}),
                "wished_group": one.event.gender_group,
                "stated_at": one.event.changed_at,
            }
            for one in received
        ],
    )


@consumers.on_many(DualDiagnosisChanged)
async def dual_diagnosis_changed(
    tx: Transaction, received: list[Received[DualDiagnosisChanged]]
) -> None:
    await keep(
        tx,
        NEEDED,
        [
            {
                "client_id": one.event.client_id,
                "site_id": one.event.site_id,
                "needs": _json(one.event.needs),
                "needs_at": one.event.changed_at,
            }
            for one in received
        ],
    )


@consumers.on_many(ReferralReceived)
async def referrals_received(tx: Transaction, received: list[Received[ReferralReceived]]) -> None:
    await keep(
        tx,
        REFERRED,
        [
            {
                "client_id": one.event.client_id,
                "site_id": one.event.site_id,
                "court_referred": "court" in (one.event.source, one.event.referrer),
                "referred_at": one.event.received_at,
            }
            for one in received
        ],
    )


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await keep(
        tx,
        ENROLLED,
        [
            {
                **one.event.model_dump(include=set(dict(ENROLLED.types))),
                "priority": _json(one.event.priority),
                "needs": _json(one.event.needs),
                "needs_at": one.event.enrolled_at,
            }
            for one in received
        ],
    )


def _json(words: Sequence[str]) -> str:
    return orjson.dumps(words).decode()
