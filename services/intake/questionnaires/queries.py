"""Questionnaires as they are read."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import orjson

from services.intake.questionnaires.refusals import InstrumentReplaced, QuestionnaireOver
from services.intake.questionnaires.rules.life import Action, State, after, state_at
from services.intake.questionnaires.schemas import Answers, Part, Questionnaire, SavedPart
from services.intake.referrals.queries import require_client
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.rules import Answer
from shared.database import Transaction
from shared.errors import NotFound, found
from shared.web import Page, Paging, page_of

QUESTIONNAIRE = ", ".join(name for name in Questionnaire.model_fields if name != "parts")
ONE = f"SELECT {QUESTIONNAIRE} FROM questionnaires WHERE id = $1"  # noqa: S608 - constants only
PARTS = """
SELECT questionnaire_id, instrument, instrument_version AS version, answers, mode, answered_at,
  entered_by
FROM questionnaire_parts WHERE questionnaire_id = ANY ($1) ORDER BY questionnaire_id, place
"""
OF_CLIENT = f"""
SELECT {QUESTIONNAIRE} FROM questionnaires
WHERE client_id = ANY (platform.records_of($1)) AND id > $2 ORDER BY id LIMIT $3
"""  # noqa: S608 - constants only


class QuestionnaireInFull(Questionnaire):
    """A questionnaire with everything that is known of it; `state` is that of the instant."""

    parts: list[SavedPart]  # type: ignore[assignment]  # nobody writes to the list

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
        return Questionnaire.model_validate(self.model_dump())


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


async def load(
    tx: Transaction, questionnaire_id: UUID, *, lock: bool = False
) -> QuestionnaireInFull:
    """A questionnaire; with `lock` nobody else changes it until the commit.

    Raises:
        NotFound: none that the caller may see.
    """
    row = await tx.fetchrow(f"{ONE} FOR UPDATE" if lock else ONE, questionnaire_id)
    return (await _in_full(tx, [found(row, "questionnaire")]))[0]


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
    return page_of([one.summary() for one in await _in_full(tx, rows)], paging.limit)


async def show_questionnaire(tx: Transaction, questionnaire_id: UUID) -> Questionnaire:
    """One questionnaire, without answers."""
    return (await load(tx, questionnaire_id)).summary()


async def show_answers(tx: Transaction, questionnaire_id: UUID) -> Answers:
    """What was answered so far."""
    known = await load(tx, questionnaire_id)
    return Answers.from_row({**dict(known), "questionnaire_id": known.id})


async def _in_full(tx: Transaction, rows: Sequence[asyncpg.Record]) -> list[QuestionnaireInFull]:
    parts: dict[UUID, list[SavedPart]] = {row["id"]: [] for row in rows}
    for part in await tx.fetch(PARTS, list(parts)):
        answers = orjson.loads(part["answers"] or "null")
        parts[part["questionnaire_id"]].append(SavedPart.from_row({**part, "answers": answers}))
    return [
        QuestionnaireInFull.from_row(
            {
                **row,
                "state": state_at(row["state"], row["expires_at"], tx.now),
                "parts": parts[row["id"]],
            }
        )
        for row in rows
    ]
