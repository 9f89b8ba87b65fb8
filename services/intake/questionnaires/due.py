"""Measures that became due in the course of treatment, as questionnaires for clients."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from services.intake.preferences.queries import show_preferences
from services.intake.questionnaires.commands import (
    assign_questionnaire,
    withdraw_questionnaire,
)
from services.intake.questionnaires.policy import FALLBACK
from services.intake.questionnaires.queries import load
from services.intake.questionnaires.schemas import AssignedInstrument, NewQuestionnaire
from services.intake.questionnaires.site_wordings import wordings_in_force
from services.intake.referrals.queries import survivor_of
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.queries import open_stay
from shared.contracts.intake import QuestionnaireDue
from shared.contracts.outcomes import MeasureDue
from shared.database import Transaction
from shared.errors import NotFound
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

log = structlog.get_logger()

ASSIGNED_BY = "outcomes"
ASKED = """
SELECT q.id, array_agg(p.instrument) AS instruments,
  q.assigned_by = $3 AND q.assigned_at < $4 AND bool_and(p.answers IS NULL) AS left_alone
FROM questionnaires q JOIN questionnaire_parts p ON p.questionnaire_id = q.id
WHERE q.client_id = ANY (platform.records_of($1)) AND q.state = 'open' AND q.expires_at > $2
GROUP BY q.id ORDER BY q.id
"""
OF_BEFORE = timedelta(days=1)
"""What was asked so long ago, and nobody began to answer, is asked anew when it is due anew."""


async def ask_what_is_due(tx: Transaction, due: Iterable[Received[MeasureDue]]) -> None:
    """Give each client who is in the program the instruments that became due, together, and tell
    that a questionnaire waits for the client; notifications sends the link to it.

    What the client has open already is not asked twice; one of the time before that nobody began
    to answer is taken back, as it would end before this one. Instruments without a complete wording
    at the site make a questionnaire of their own, which staff ask: nothing is told of it, as a link
    to it shows no form.
    """
    by_client: dict[UUID, dict[str, Received[MeasureDue]]] = {}
    for one in due:
        by_client.setdefault(one.event.client_id, {})[one.event.instrument] = one
    for client_id in sorted(by_client):
        await _ask(tx, client_id, by_client[client_id])


async def _ask(tx: Transaction, client_id: UUID, due: dict[str, Received[MeasureDue]]) -> None:
    try:
        client = await survivor_of(tx, client_id)
    except NotFound:
        log.warning("measure_due_for_unknown_client", client_id=str(client_id))
        return
    stay = await open_stay(tx, client.id)
    if stay is None:
        return  # it ended meanwhile
    open_ones: set[str] = set()
    before = tx.now - OF_BEFORE
    for row in await tx.fetch(ASKED, client.id, tx.now, ASSIGNED_BY, before):
        if row["left_alone"] and due.keys() >= set(row["instruments"]):
            former = await load(tx, row["id"], lock=True)
            if former.state != "open":
                continue  # it ended while this waited
            if all(part.answers is None for part in former.parts):
                await withdraw_questionnaire(tx, former, former.version)
                continue
        open_ones |= set(row["instruments"])
    asked = [one for name in sorted(due.keys() - open_ones) if (one := _latest(name)) is not None]
    stated = (await show_preferences(tx, client.id)).stated
    language = FALLBACK if stated is None else stated.language
    worded = await _worded(tx, client.site_id, language, asked)
    if language != FALLBACK and len(worded) < len(asked):
        language = FALLBACK
        worded = await _worded(tx, client.site_id, language, asked)
    for part in (worded, [one for one in asked if one not in worded]):
        if part:
            given = [AssignedInstrument(instrument=one.id, version=one.version) for one in part]
            new = NewQuestionnaire(occasion="follow_up", language=language, instruments=given)
            made = await assign_questionnaire(tx, client.id, new, assigned_by=ASSIGNED_BY)
            if part is worded:
                event = QuestionnaireDue(
                    client_id=made.client_id,
                    site_id=made.site_id,
                    enrolment_id=stay,
                    questionnaire_id=made.id,
                    due_at=made.assigned_at,
                    expires_at=made.expires_at,
                )
                publish(tx, event, cause=due[part[0].id])


def _latest(name: str) -> Instrument | None:
    """The latest version of an instrument that may be answered in the course of treatment."""
    found = [
        one
        for (known, _), one in instruments().items()
        if known == name and "follow_up" in one.occasions
    ]
    if not found:
        log.warning("measure_due_is_no_instrument", instrument=name)
    return max(found, key=lambda one: [int(n) for n in one.version.split(".")], default=None)


async def _worded(
    tx: Transaction, site_id: UUID, language: str, asked: Sequence[Instrument]
) -> list[Instrument]:
    wordings = await wordings_in_force(tx, site_id, language, asked)
    return [one for one, words in zip(asked, wordings, strict=True) if words is not None]
