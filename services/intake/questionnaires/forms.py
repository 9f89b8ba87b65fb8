"""Questionnaires as they are asked: items in the wording in force at the site."""

from collections.abc import Sequence

from services.intake.questionnaires.own_schemas import (
    Choice,
    Crisis,
    Form,
    FormItem,
    FormPart,
    OwnForm,
    OwnPart,
)
from services.intake.questionnaires.policy import FALLBACK, policy
from services.intake.questionnaires.queries import QuestionnaireInFull, answers_of, instrument_of
from services.intake.questionnaires.refusals import WordingMissing
from services.intake.questionnaires.rules.answers import found_so_far, settle
from services.intake.questionnaires.rules.wording import Wording, gaps
from services.intake.questionnaires.site_wordings import wordings_in_force
from services.intake.screening.policy import Instrument
from services.intake.screening.rules import Answer
from shared.database import Transaction


async def show_form(tx: Transaction, asked: QuestionnaireInFull) -> Form:
    """The form without answers.

    Raises:
        WordingMissing: a complete wording is missing; the detail names the instrument.
        InstrumentReplaced: an instrument's data are not there any more.
    """
    return Form(
        questionnaire_id=asked.id,
        client_id=asked.client_id,
        site_id=asked.site_id,
        language=asked.language,
        parts=[part for _, part in await _parts(tx, asked)],
    )


async def show_own_form(tx: Transaction, asked: QuestionnaireInFull) -> OwnForm:
    """The form with the answers so far, for who holds its link.

    Raises:
        WordingMissing, InstrumentReplaced: as `show_form`.
    """
    language = asked.language if asked.language in policy().texts else FALLBACK
    parts = []
    for (instrument, form), part in zip(await _parts(tx, asked), asked.parts, strict=True):
        answers = settle(instrument, answers_of(part, instrument)).answers
        parts.append(OwnPart(**dict(form), answers=list(answers)))
    return OwnForm(
        client_id=asked.client_id,
        site_id=asked.site_id,
        language=asked.language,
        expires_at=asked.expires_at,
        parts=parts,
        texts=policy().texts[language],
        texts_language=language,
        crisis=crisis_of(asked),
        version=asked.version,
    )


def crisis_of(
    asked: QuestionnaireInFull, saved: tuple[str, Sequence[Answer]] | None = None
) -> Crisis | None:
    """The crisis line, where an answer of the client asks for it; nothing else is told of answers.

    `saved` are answers to one instrument that take the place of those in `asked`.
    """
    line = policy().crisis
    for part in asked.parts:
        answers = saved[1] if saved and saved[0] == part.instrument else part.answers
        if any(one.kind in line.kinds for one in found_so_far(instrument_of(part), answers)):
            found = line.languages.get(asked.language, line.languages[FALLBACK])
            return Crisis(**found.model_dump())
    return None


async def _parts(tx: Transaction, asked: QuestionnaireInFull) -> list[tuple[Instrument, FormPart]]:
    known = [instrument_of(part) for part in asked.parts]
    found = await wordings_in_force(tx, asked.site_id, asked.language, known)
    parts = []
    for instrument, wording in zip(known, found, strict=True):
        if wording is None or gaps(instrument, wording, policy().most_choices):
            raise WordingMissing(
                f"There is no complete wording of {instrument.id} {instrument.version} in "
                f"{asked.language} at this site: a site manager or clinical lead can enter it."
            )
        parts.append((instrument, _part(instrument, wording)))
    return parts


def _part(instrument: Instrument, wording: Wording) -> FormPart:
    return FormPart(
        instrument=instrument.id,
        version=instrument.version,
        title=wording.title or instrument.title,
        introduction=wording.introduction,
        notice=wording.notice,
        items=[
            FormItem(
                text=words.text,
                as_list=len(item.values) > policy().most_choices,
                choices=[
                    Choice(value=value, label=words.labels.get(value, str(value)))
                    for value in item.values
                ],
            )
            for item, words in zip(instrument.items, wording.items, strict=True)
        ],
    )
