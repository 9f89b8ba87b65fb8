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
    rows = []
    for event in (one.event for one in received):
        told = {"wished_group": event.gender_group, "stated_at": event.changed_at}
        available = event.model_dump_json(include={"available"})
        rows.append({**dict(event), **told, "available": available})
    await keep(tx, STATED, rows)


@consumers.on_many(DualDiagnosisChanged)
async def dual_diagnosis_changed(
    tx: Transaction, received: list[Received[DualDiagnosisChanged]]
) -> None:
    rows = []
    for event in (one.event for one in received):
        rows.append({**dict(event), "needs": _json(event.needs), "needs_at": event.changed_at})
    await keep(tx, NEEDED, rows)


@consumers.on_many(ReferralReceived)
async def referrals_received(tx: Transaction, received: list[Received[ReferralReceived]]) -> None:
    rows = []
    for event in (one.event for one in received):
        by_court = "court" in (event.source, event.referrer)
        told = {"court_referred": by_court, "referred_at": event.received_at}
        rows.append({**dict(event), **told})
    await keep(tx, REFERRED, rows)


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    rows = []
    for event in (one.event for one in received):
        told = {"priority": _json(event.priority), "needs": _json(event.needs)}
        rows.append({**dict(event), **told, "needs_at": event.enrolled_at})
    await keep(tx, ENROLLED, rows)


def _json(words: Sequence[str]) -> str:
    return orjson.dumps(words).decode()
