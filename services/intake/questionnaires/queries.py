"""Questionnaires as they are read."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from services.intake.questionnaires.refusals import InstrumentReplaced, QuestionnaireOver
from services.intake.questionnaires.rules.life import Action, State, after, state_at
from services.intake.questionnaires.schemas import Answers, Part, Questionnaire, SavedPart
from services.intake.referrals.queries import require_client
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.rules import Answer
from services.intake.screening.schemas import Occasion
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

ONE = """
SELECT id, client_id, site_id, occasion, language, state, assigned_by, assigned_at, expires_at,
  ended_at, screening_id, version
FROM questionnaires WHERE id = $1
"""
PARTS = """
SELECT questionnaire_id, instrument, instrument_version AS version, answers, mode, answered_at,
  entered_by
FROM questionnaire_parts WHERE questionnaire_id = ANY ($1) ORDER BY questionnaire_id, place
"""
OF_CLIENT = """
SELECT id, client_id, site_id, occasion, language, state, assigned_by, assigned_at, expires_at,
  ended_at, screening_id, version
FROM questionnaires WHERE client_id = ANY (platform.records_of($1)) AND id > $2
ORDER BY id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A questionnaire with everything that is known of it; `state` is that of the instant."""

    id: UUID
    client_id: UUID
    site_id: UUID
    occasion: Occasion
    language: str
    state: State
    assigned_by: str
    assigned_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    screening_id: UUID | None
    version: int
    parts: tuple[SavedPart, ...]

    def part(self, instrument: str) -> SavedPart:
        """One of its instruments.

        Raises:
            NotFound: it is not assigned.
        """
        for part in self.parts:
            if part.instrument == instrument:
                return part
        raise NotFound("This instrument is not part of the questionnaire.")

    def require(self, action: Action) -> State:
        """Where the action leads.

        Raises:
            QuestionnaireOver: it may not be done in this state.
        """
        if (then := after(self.state, action)) is None:
            raise QuestionnaireOver(f"This questionnaire is {self.state}.")
        return then

    def summary(self) -> Questionnaire:
        """Without answers."""
        known = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "parts"}
        return Questionnaire(
            **known,
            parts=[
                Part(instrument=p.instrument, version=p.version, answered_at=p.answered_at)
                for p in self.parts
            ],
        )

    def answers(self) -> Answers:
        """With answers."""
        return Answers(
            questionnaire_id=self.id,
            client_id=self.client_id,
            site_id=self.site_id,
            state=self.state,
            parts=list(self.parts),
            version=self.version,
        )


def instrument_of(part: Part) -> Instrument:
    """The instrument of a part.

    Raises:
        InstrumentReplaced: its data are not there any more.
    """
    found = instruments().get((part.instrument, part.version))
    if found is None:
        raise InstrumentReplaced(f"{part.instrument} {part.version} is not in use any more.")
    return found


def answers_of(part: SavedPart, instrument: Instrument) -> Sequence[Answer]:
    """What was answered so far, with null for everything before the first save."""
    return [None] * len(instrument.items) if part.answers is None else part.answers


async def load(tx: Transaction, questionnaire_id: UUID, *, hold: bool = False) -> Held:
    """A questionnaire; with `hold` nobody else changes it until the commit.

    Raises:
        NotFound: none that the caller may see.
    """
    row = await tx.fetchrow(f"{ONE} FOR UPDATE" if hold else ONE, questionnaire_id)
    if row is None:
        raise NotFound("There is no such questionnaire.")
    parts = await _parts(tx, [row["id"]])
    return _held(row, parts.get(row["id"], ()), tx.now)


async def list_questionnaires(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[Questionnaire]:
    """A client's questionnaires, oldest first, without answers.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(OF_CLIENT, client_id, paging.after, paging.limit + 1)
    if not rows:
        await require_client(tx, client_id)
    parts = await _parts(tx, [row["id"] for row in rows])
    return page_of(
        [_held(row, parts.get(row["id"], ()), tx.now).summary() for row in rows], paging.limit
    )


async def show_questionnaire(tx: Transaction, questionnaire_id: UUID) -> Questionnaire:
    """One questionnaire, without answers."""
    return (await load(tx, questionnaire_id)).summary()


async def show_answers(tx: Transaction, questionnaire_id: UUID) -> Answers:
    """What was answered so far."""
    return (await load(tx, questionnaire_id)).answers()


def _held(row: asyncpg.Record, parts: Sequence[SavedPart], now: datetime) -> Held:
    state = state_at(row["state"], row["expires_at"], now)
    return Held(**{**dict(row), "state": state}, parts=tuple(parts))


async def _parts(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[SavedPart]]:
    found: dict[UUID, list[SavedPart]] = {}
    for row in await tx.fetch(PARTS, ids):
        values = dict(row)
        if values["answers"] is not None:
            values["answers"] = orjson.loads(values["answers"])
        found.setdefault(values.pop("questionnaire_id"), []).append(SavedPart(**values))
    return found
