"""Assigning a questionnaire, saving what is answered, handing it in, taking it back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from services.intake.directory.queries import zone_of
from services.intake.questionnaires.expiry import tell_closed, tell_left_open
from services.intake.questionnaires.policy import policy
from services.intake.questionnaires.queries import QuestionnaireInFull, instrument_of, load
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
from services.intake.screening.queries import open_stay
from services.intake.screening.rules import Answer
from services.intake.screening.schemas import InstrumentResponse, Mode, NewScreening
from shared.calendar import days_later
from shared.database import Transaction, insert, update
from shared.errors import require_version
from shared.ids import new_id

ASSIGN = """
INSERT INTO questionnaire_parts (questionnaire_id, site_id, instrument, instrument_version, place)
SELECT $1, $2, p.* FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS p
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
    if new.occasion == "intake" and await open_stay(tx, client_id) is not None:
        raise IntakeIsOver(
            "This client is in the program: assign it as follow_up.", pointer="/occasion"
        )
    for place in range(len(new.instruments)):
        _check_assigned(new, place)
    zone = await zone_of(tx, client.site_id)
    row: dict[str, Any] = {
        "id": new_id(),
        "client_id": client_id,
        "site_id": client.site_id,
        "occasion": new.occasion,
        "language": new.language,
        "state": "open",
        "assigned_by": assigned_by,
        "assigned_at": tx.now,
        "expires_at": days_later(tx.now, policy().open_days, zone),
    }
    names = [one.instrument for one in new.instruments]
    versions = [one.version for one in new.instruments]
    await tx.execute(*insert("questionnaires", row))
    await tx.execute(ASSIGN, row["id"], client.site_id, names, versions)
    tx.wake()
    return (await load(tx, row["id"])).summary()


async def save_answers(
    tx: Transaction,
    locked: QuestionnaireInFull,
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
    locked.require("save")
    part = locked.part(name)
    require_version(locked.version, expected)
    instrument = instrument_of(part)
    if mode not in instrument.modes:
        raise WrongMode(
            f"{instrument.title} is given by {' or '.join(instrument.modes)}.", pointer="/mode"
        )
    answers = _settled(instrument, given)
    saved = {
        "answers": orjson.dumps(answers).decode(),
        "mode": mode,
        "answered_at": tx.now,
        "entered_by": entered_by,
    }
    of_it = {"questionnaire_id": locked.id, "instrument": name}
    await tx.execute(*update("questionnaire_parts", saved, where=of_it, versioned=False))
    await tx.execute(*update("questionnaires", {}, where={"id": locked.id}))
    before = found_so_far(instrument, part.answers)
    if found := newly(before, found_so_far(instrument, answers)):
        client = await survivor_of(tx, locked.client_id)
        await raise_flags(tx, client.id, client.site_id, found)
    return answers


async def complete_questionnaire(
    tx: Transaction,
    locked: QuestionnaireInFull,
    expected: int,
    *,
    entered_by: str,
    own: bool = False,
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
    then = locked.require("complete")
    require_version(locked.version, expected)
    answered = [_response(locked, part) for part in locked.parts if is_answered(part.answers)]
    if not answered:
        raise NothingAnswered("Nothing is answered yet: save answers, or withdraw it.")
    new = NewScreening(occasion=locked.occasion, responses=answered)
    told = [one for part in locked.parts for one in found_so_far(instrument_of(part), part.answers)]
    client = await survivor_of(tx, locked.client_id)
    screening = await complete_screening(
        tx, client.id, new, entered_by=entered_by, told=told, under_way=own or client.merged
    )
    ended = {"state": then, "ended_at": tx.now, "screening_id": screening.id}
    await tx.execute(*update("questionnaires", ended, where={"id": locked.id}))
    await tx.execute(CLEAR, locked.id)
    await tell_closed(tx, [locked.id])
    return (await load(tx, locked.id)).summary()


async def withdraw_questionnaire(
    tx: Transaction, locked: QuestionnaireInFull, expected: int
) -> Questionnaire:
    """Take back what is not answered yet; saved answers stay readable to clinicians.

    Answers that leave a risk undetermined raise its flag, as nobody will complete them.

    Raises:
        QuestionnaireOver, StaleVersion: it cannot be withdrawn.
    """
    then = locked.require("withdraw")
    require_version(locked.version, expected)
    ended = {"state": then, "ended_at": tx.now}
    await tx.execute(*update("questionnaires", ended, where={"id": locked.id}))
    await tell_left_open(tx, [locked.id])
    await tell_closed(tx, [locked.id])
    return (await load(tx, locked.id)).summary()


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


def _response(locked: QuestionnaireInFull, part: SavedPart) -> InstrumentResponse:
    instrument_of(part)  # or it cannot be scored any more
    given = part.model_dump(exclude={"entered_by"})
    return InstrumentResponse.model_validate({**given, "language": locked.language})


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
