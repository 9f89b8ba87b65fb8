"""What is told of questionnaires that take no answers any more."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from services.intake.questionnaires.rules.answers import left_open
from services.intake.risk.commands import raise_flags
from services.intake.risk.rules import Finding
from services.intake.screening.policy import instruments
from shared.contracts.intake import QuestionnaireClosed
from shared.database import Transaction
from shared.messaging.outbox import publish

LEFT = """
SELECT coalesce(s.id, q.client_id) AS client_id, coalesce(s.site_id, q.site_id) AS site_id,
  p.instrument, p.instrument_version, p.answers
FROM questionnaires q JOIN questionnaire_parts p ON p.questionnaire_id = q.id
JOIN clients c ON c.id = q.client_id LEFT JOIN clients s ON s.id = c.merged_into
WHERE q.id = ANY($1::uuid[]) AND p.answers IS NOT NULL ORDER BY 1, q.id, p.place
"""
"""For the client that goes on, as `survivor_of`."""
CLOSED = """
SELECT id AS questionnaire_id, client_id, site_id, state AS how, ended_at AS closed_at
FROM questionnaires WHERE id = ANY($1::uuid[]) ORDER BY id
"""


async def tell_left_open(tx: Transaction, ended: Sequence[UUID]) -> None:
    """Raise flags for what stays open in questionnaires that ended without being handed in.

    A C-SSRS screener without its last answers leaves the risk undetermined: somebody has to ask.
    """
    found: dict[tuple[UUID, UUID], list[Finding]] = {}
    for row in await tx.fetch(LEFT, ended) if ended else ():
        instrument = instruments().get((row["instrument"], row["instrument_version"]))
        if instrument is not None:
            left = left_open(instrument, orjson.loads(row["answers"]))
            found.setdefault((row["client_id"], row["site_id"]), []).extend(left)
    for (client_id, site_id), findings in found.items():
        await raise_flags(tx, client_id, site_id, findings)


async def tell_closed(tx: Transaction, ended: Sequence[UUID]) -> None:
    """Publish QuestionnaireClosed of each, so that nobody is asked to answer it any more."""
    for row in await tx.fetch(CLOSED, ended) if ended else ():
        publish(tx, QuestionnaireClosed(**dict(row)))
