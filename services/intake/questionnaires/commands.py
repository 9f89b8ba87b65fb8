"""Assigning a questionnaire, saving what is answered, handing it in, taking it back."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from services.intake.directory.queries import zone_of
from services.intake.questionnaires.expiry import tell_left_open
from services.intake.questionnaires.policy import policy
from services.intake.questionnaires.queries import Held, instrument_of, load
from services.intake.questionnaires.refusals import (
    AssignedTwice,
    NotAsked,
    NotForOccasion,
    NothingAnswered,
    UnknownInstrument,
)
from services.intake.questionnaires.rules.answers import found_so_far, is_answered, newly, settle
from services.intake.questionnaires.schemas import NewQuestionnaire, Questionnaire, SavedPart
from services.intake.referrals.queries import show_client, survivor_of
from services.intake.risk.commands import raise_flags
from services.intake.screening.checks import ImpossibleAnswer, WrongMode
from services.intake.screening.commands import IntakeIsOver, complete_screening
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.queries import is_in_program
from services.intake.screening.rules import Answer
from services.intake.screening.schemas import InstrumentResponse, Mode, NewScreening
from shared.calendar import days_later
from shared.database import Transaction
from shared.errors import require_version
from shared.ids import new_id

ASSIGN = """
WITH questionnaire AS (
  INSERT INTO questionnaires (id, client_id, site_id, occasion, language, state, assigned_by,
    assigned_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8) RETURNING id
)
INSERT INTO questionnaire_parts (questionnaire_id, instrument, instrument_version, site_id, place)
SELECT questionnaire.id, p.instrument, p.version, $3, p.place
FROM questionnaire,
  unnest($9::text[], $10::text[]) WITH ORDINALITY AS p(instrument, version, place)
"""
SAVE = """
WITH questionnaire AS (
  UPDATE questionnaires SET version = version + 1 WHERE id = $1 RETURNING id
)
UPDATE questionnaire_parts p SET answers = $3::text::jsonb, mode = $4, answered_at = $5,
  entered_by = $6
FROM questionnaire WHERE p.questionnaire_id = questionnaire.id AND p.instrument = $2
"""
END = """
UPDATE questionnaires SET state = $2, ended_at = $3, screening_id = $4, version = version + 1
WHERE id = $1
"""
CLEAR = "UPDATE questionnaire_parts SET answers = NULL WHERE questionnaire_id = $1"


async def assign_questionnaire(
    tx: Transaction, client_id: UUID, new: NewQuestionnaire, *, assigned_by: str
) -> Questionnaire:
    """Give a client instruments to answer.

    Raises:
        NotFound: no such client.
        ClientMerged: another client goes on for this one.
        IntakeIsOver, UnknownInstrument, AssignedTwice, NotForOccasion: with a pointer.
    """
    client = await show_client(tx, client_id, begins=True)
    if new.occasion == "intake" and await is_in_program(tx, client_id):
        raise IntakeIsOver(
            "This client is in the program: assign it as follow_up.", pointer="/occasion"
        )
    for place in range(len(new.instruments)):
        _check_assigned(new, place)
    questionnaire_id = new_id()
    await tx.execute(
        ASSIGN,
        questionnaire_id,
        client_id,
        client.site_id,
        new.occasion,
        new.language,
        assigned_by,
        tx.now,
        days_later(tx.now, policy().open_days, await zone_of(tx, client.site_id)),
        [one.instrument for one in new.instruments],
        [one.version for one in new.instruments],
    )
    tx.wake()
    return (await load(tx, questionnaire_id)).summary()


async def save_answers(
    tx: Transaction,
    held: Held,
    expected: int,
    name: str,
    given: Sequence[Answer],
    *,
    mode: Mode,
    entered_by: str,
) -> Sequence[Answer]:
    """Keep what was answered of one instrument so far; what a clinician must see is told at once.

    Raises:
        QuestionnaireOver, StaleVersion, InstrumentReplaced: it cannot be saved.
        NotFound: the instrument is not part of it.
        ImpossibleAnswer, NotAsked, WrongMode: with a pointer.
    """
    held.require("save")
    part = held.part(name)
    require_version(held.version, expected)
    instrument = instrument_of(part)
    if mode not in instrument.modes:
        raise WrongMode(
            f"{instrument.title} is given by {' or '.join(instrument.modes)}.", pointer="/mode"
        )
    answers = _settled(instrument, given)
    await tx.execute(SAVE, held.id, name, orjson.dumps(answers).decode(), mode, tx.now, entered_by)
    before = found_so_far(instrument, part.answers)
    if found := newly(before, found_so_far(instrument, answers)):
        client = await survivor_of(tx, held.client_id)
        await raise_flags(tx, client.id, client.site_id, found)
    return answers


async def complete_questionnaire(
    tx: Transaction, held: Held, expected: int, *, entered_by: str, own: bool = False
) -> Questionnaire:
    """Hand in what was answered: it becomes a screening, in the same transaction.

    Of a client who was merged meanwhile it becomes one of the client that goes on. What the client
    hands in by the `own` link is taken after an admission too.

    Instruments of which nothing was answered are left out, as an empty result would hide the one
    before it. What the saved answers show was told when they were saved and is not told again.

    Raises:
        QuestionnaireOver, StaleVersion, NothingAnswered, InstrumentReplaced, IntakeIsOver: it
        cannot be completed.
    """
    then = held.require("complete")
    require_version(held.version, expected)
    answered = [_response(held, part) for part in held.parts if is_answered(part.answers)]
    if not answered:
        raise NothingAnswered("Nothing is answered yet: save answers, or withdraw it.")
    new = NewScreening(occasion=held.occasion, responses=answered)
    told = [one for part in held.parts for one in found_so_far(instrument_of(part), part.answers)]
    client = await survivor_of(tx, held.client_id)
    screening = await complete_screening(
        tx, client.id, new, entered_by=entered_by, told=told, under_way=own or client.merged
    )
    await tx.execute(END, held.id, then, tx.now, screening.id)
    await tx.execute(CLEAR, held.id)
    return (await load(tx, held.id)).summary()


async def withdraw_questionnaire(tx: Transaction, held: Held, expected: int) -> Questionnaire:
    """Take back what is not answered yet; saved answers stay readable to clinicians.

    Answers that leave a risk undetermined raise its flag, as nobody will complete them.

    Raises:
        QuestionnaireOver, StaleVersion: it cannot be withdrawn.
    """
    then = held.require("withdraw")
    require_version(held.version, expected)
    await tx.execute(END, held.id, then, tx.now, None)
    await tell_left_open(tx, [held.id])
    return (await load(tx, held.id)).summary()


def _check_assigned(new: NewQuestionnaire, place: int) -> None:
    one, at = new.instruments[place], f"/instruments/{place}"
    if any(other.instrument == one.instrument for other in new.instruments[:place]):
        raise AssignedTwice("This instrument is assigned already.", pointer=f"{at}/instrument")
    instrument = instruments().get((one.instrument, one.version))
    if instrument is None:
        versions = sorted(v for name, v in instruments() if name == one.instrument)
        if not versions:
            raise UnknownInstrument("Not an instrument.", pointer=f"{at}/instrument")
        raise UnknownInstrument(f"Known versions: {', '.join(versions)}.", pointer=f"{at}/version")
    if new.occasion not in instrument.occasions:
        raise NotForOccasion(
            f"{instrument.title} looks at the {instrument.period}: it is for intake only.",
            pointer=f"{at}/instrument",
        )


def _response(held: Held, part: SavedPart) -> InstrumentResponse:
    return InstrumentResponse.model_validate(
        {
            "instrument": instrument_of(part).id,
            "version": part.version,
            "language": held.language,
            "mode": part.mode,
            "answered_at": part.answered_at,
            "answers": part.answers,
        }
    )


def _settled(instrument: Instrument, given: Sequence[Answer]) -> Sequence[Answer]:
    if len(given) != len(instrument.items):
        raise ImpossibleAnswer(
            f"{instrument.title} has {len(instrument.items)} items.", pointer="/answers"
        )
    settled = settle(instrument, given)
    for impossible in settled.impossible:
        raise ImpossibleAnswer(impossible.detail, pointer=f"/answers/{impossible.item}")
    for place in settled.left_out:
        raise NotAsked("This item is not asked after these answers.", pointer=f"/answers/{place}")
    return settled.answers
