"""Questionnaires over HTTP, for staff."""

from typing import Annotated
from uuid import UUID

from services.intake.questionnaires import commands, forms, links, queries
from services.intake.questionnaires.own_schemas import Form
from services.intake.questionnaires.schemas import (
    Answers,
    InstrumentId,
    Link,
    NewAnswers,
    NewQuestionnaire,
    Questionnaire,
)
from shared.access import Role
from shared.access.roles import CLINICIANS
from shared.database import Transaction
from shared.web import Allowed, Call, Page, Paged, Router, needs_if_match, of_one_client

router = Router(tags=["Questionnaires"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]
Staff = Annotated[Call, Allowed(Role.FRONT_DESK, *CLINICIANS)]
OrService = Annotated[Call, Allowed(Role.FRONT_DESK, *CLINICIANS, Role.SERVICE)]
OF_CLIENT = "/clients/{client_id}/questionnaires"
PATH = "/questionnaires/{questionnaire_id}"


@router.post(OF_CLIENT, status_code=201, summary="Assign a questionnaire")
async def add_questionnaire(client_id: UUID, body: NewQuestionnaire, call: Staff) -> Questionnaire:
    """Give a client instruments to answer, at the site or by a one-time link."""
    return await call.create(
        lambda tx: commands.assign_questionnaire(tx, client_id, body, assigned_by=call.subject),
        location=lambda made: f"/questionnaires/{made.id}",
    )


@router.get(OF_CLIENT, summary="List questionnaires")
@of_one_client
async def list_questionnaires(client_id: UUID, call: Staff, paging: Paged) -> Page[Questionnaire]:
    """A client's questionnaires and how far they are, oldest first, without answers."""
    return await call.show(lambda tx: queries.list_questionnaires(tx, client_id, paging))


@router.get(PATH, summary="Show a questionnaire")
@of_one_client
async def show_questionnaire(questionnaire_id: UUID, call: Staff) -> Questionnaire:
    """How far a questionnaire is, without answers; the ETag is needed to change it."""
    return await call.show(lambda tx: queries.show_questionnaire(tx, questionnaire_id))


@router.get(f"{PATH}/answers", summary="Show what was answered so far")
@of_one_client
async def show_answers(questionnaire_id: UUID, call: Clinician) -> Answers:
    """The answers so far, to go on with; the ETag is needed to save."""
    return await call.show(lambda tx: queries.show_answers(tx, questionnaire_id))


@router.put(f"{PATH}/answers/{{instrument}}", summary="Save answers to one instrument")
async def record_answers(
    questionnaire_id: UUID, instrument: InstrumentId, body: NewAnswers, call: Clinician
) -> Answers:
    """Save what was answered of one instrument so far, complete or not.

    A safety item that asks for it raises a risk flag at once.
    """

    async def save(tx: Transaction, expected: int) -> Answers:
        locked = await queries.load(tx, questionnaire_id, lock=True)
        await commands.save_answers(
            tx, locked, expected, instrument, body.answers, mode=body.mode, entered_by=call.subject
        )
        return await queries.show_answers(tx, questionnaire_id)

    return await call.update(save)


@router.get(f"{PATH}/form", summary="Show the form")
@of_one_client
async def show_questionnaire_form(questionnaire_id: UUID, call: Staff) -> Form:
    """The questionnaire as it is asked, in the wording in force at the site, without answers."""

    async def form(tx: Transaction) -> Form:
        return await forms.show_form(tx, await queries.load(tx, questionnaire_id))

    return await call.show(form)


@router.post(f"{PATH}/links", summary="Issue a one-time link")
@needs_if_match
async def add_questionnaire_link(questionnaire_id: UUID, call: OrService) -> Link:
    """A link for the client's own browser, shown this once; it opens the form once.

    Links issued before, and the browser that opened one, are shut out. There is no stored answer to
    repeat: whoever did not get this one issues another.
    """
    return await call.update(
        lambda tx, expected: links.issue_link(
            tx, questionnaire_id, expected, issued_by=call.subject
        )
    )


@router.post(f"{PATH}/completion", summary="Complete a questionnaire")
@needs_if_match
async def complete_questionnaire(questionnaire_id: UUID, call: Clinician) -> Questionnaire:
    """Hand in what was answered: it is scored and kept as one screening of the client.

    Instruments of which nothing was answered are left out.
    """

    async def hand_in(tx: Transaction, expected: int) -> Questionnaire:
        locked = await queries.load(tx, questionnaire_id, lock=True)
        return await commands.complete_questionnaire(tx, locked, expected, entered_by=call.subject)

    return await call.update(hand_in)


@router.post(f"{PATH}/withdrawal", summary="Withdraw a questionnaire")
@needs_if_match
async def record_questionnaire_withdrawal(questionnaire_id: UUID, call: Staff) -> Questionnaire:
    """Take an open questionnaire back: its links open nothing any more; saved answers stay."""

    async def take_back(tx: Transaction, expected: int) -> Questionnaire:
        locked = await queries.load(tx, questionnaire_id, lock=True)
        return await commands.withdraw_questionnaire(tx, locked, expected)

    return await call.update(take_back)
